"""What is trained side by side: data, task, and what makes the work of both sides the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

OWN, STOCK = "gliexp", "stock"
"""The two sides."""

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
"""Real data beside the checkout."""

EQUAL = (
    "training.use_cpu=true",
    "training.eval_strategy=no",
    "training.save_strategy=no",
    "training.logging_steps=1000000",
    "training.max_grad_norm=1.0",
    "data.long_doc_chunking.enabled=false",
)
ENTITIES = (
    *EQUAL,
    "data.label_sampling=fixed",  # the whole set in one order, as the stock's rows with labels of their own
    "data.mention_swap=0",
    "training.label_balance=0",
    "model.augment_data_prob=0",
)


@dataclass(frozen=True)
class Case:
    """One comparison. `data` is a directory of SHARED, or None for the embedded sample; `aim` is issue 11's ratio."""

    name: str
    overrides: tuple[str, ...]
    data: str | None = None
    backbone: str = "minilm"
    aim: float | None = None

    @property
    def directory(self) -> Path | None:
        """Where the data lie."""
        return None if self.data is None else SHARED / self.data

    @property
    def is_there(self) -> bool:
        """Whether the data can be read here."""
        return self.directory is None or (self.directory / "train.jsonl").is_file()

    def config(self, more: Sequence[str] = ()) -> list[str]:
        """Overrides that compose this case; later ones win."""
        files = []
        if self.directory is not None:
            files = ["data=files", *(f"data.{name}_data={self.directory}/{name}.jsonl" for name in ("train", "val"))]
            files[-1] = f"data.val_data={self.directory}/dev.jsonl"
        return [f"backbone={self.backbone}", *files, *self.overrides, *more]


CASES = (
    Case("span", ("task=ner", *ENTITIES), "lener_br", aim=3.0),
    Case("token", ("task=ner", "span_mode=token_level", *ENTITIES), "lener_br", aim=2.5),
    Case("biencoder", ("task=biencoder", *ENTITIES), "lener_br", aim=3.0),
    Case("relex", ("task=relex", *ENTITIES), "conll04", aim=2.0),
    Case("class-uni", ("task=classification", *EQUAL), "clinc150", aim=2.0),
    Case(
        "class-bi",
        ("task=classification", "model.architecture_type=bi-encoder", *EQUAL),
        "clinc150",
        aim=3.0,
    ),
)
SHORT = tuple(
    Case(f"{case.name} (sample)", case.overrides, None, "tiny")
    for case in CASES
    if case.name in ("span", "token", "class-bi")
)
"""What continuous integration measures: the embedded sample, the tiny backbone."""
