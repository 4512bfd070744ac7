"""Training on a GPU beside the stock library's Trainer: bf16, rows of uneven length, several lengths and encoders.

    python scripts/benchmark_gpu.py [--encoders minilm,base] [--words 32,128] [--batch-size 32] [--json FILE]
    python scripts/benchmark_gpu.py --device cpu --encoders tiny --words 8 --rows 16 --batch-size 4  # to try the script

Sides train a pass each by turns: the library; gliexp on the same random batches; gliexp with rows of like length in a
batch; the same compiled. Speeds are the clock's, of passes in which nothing waits for the GPU; a last pass, which does
wait, says how a step divides. Beside them: the share of the measured rate of bf16 products, and of the time in which
the GPU ran a kernel. Where there is no GPU nothing is measured. Weights are random for `base` (BERT base's shape).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import torch
from bench import gpu, record, texts, turns
from bench.case import ENTITIES, OWN, STOCK
from bench.counted import PARTS
from rich.console import Console
from rich.table import Table

LABELS = 10
GROUPED = "training.train_sampling_strategy=group_by_length"
SIDES: dict[str, tuple[str, tuple[str, ...]]] = {
    "stock": (STOCK, ()),
    "gliexp": (OWN, ()),
    "gliexp, like lengths": (OWN, (GROUPED,)),
    "gliexp, compiled": (OWN, (GROUPED, "training.torch_compile=true")),
}


def main(words: Sequence[str] | None = None) -> None:
    """Measure each encoder at each length, print and write."""
    given = _parser().parse_args(words)
    console = Console(width=max(Console().width, 140))
    if given.device == "cuda" and not torch.cuda.is_available():
        console.print("there is no GPU here: nothing is measured")
        return
    card = torch.cuda.get_device_name() if given.device == "cuda" else "CPU"
    rate = gpu.matmul_rate(given.device, 8192 if given.device == "cuda" else 512)
    console.print(f"{card}: products of bf16 matrices at {rate / 1e12:.3g} TFLOPS")
    found: list[dict[str, Any]] = []
    for encoder in given.encoders.split(","):
        for mean_words in given.words:
            with tempfile.TemporaryDirectory(prefix="gliexp-gpu-") as directory:
                found += measured(encoder, mean_words, Path(directory), rate, given)
    console.print(table(found))
    record.write(given.json, {"card": card, "matmul_rate": rate, "sides": found})


def measured(encoder: str, words: int, place: Path, rate: float, given: argparse.Namespace) -> list[dict[str, Any]]:
    """All sides on one encoder and one mean length of rows."""
    rows = place / "train.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in uneven_rows(given.rows, words)), encoding="utf-8")
    overrides = [
        *_encoder(encoder, place),
        "task=ner",
        *ENTITIES,
        "data=files",
        f"data.train_data={rows}",
        f"data.val_data={rows}",
        f"training.use_cpu={str(given.device == 'cpu').lower()}",
        "training.bf16=true",
        f"training.per_device_train_batch_size={given.batch_size}",
        f"training.num_train_epochs={given.passes + 2}",
    ]
    turns.build(overrides, place / "model")
    with _started(overrides, place / "model", given) as sides:
        passes: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
        for number in range(given.passes + 2):
            for name, side in sides.items():
                with gpu.Busy(given.device) as busy:
                    figures = side.steps(side.epoch_steps, splits=number > given.passes)
                passes[name].append({**figures, "busy": busy.share})
    shape = _shape(place / "model")
    return [
        {"encoder": encoder, "words": words, "side": name, **_summary(each, passes["stock"], shape, rate)}
        for name, each in passes.items()
    ]


@contextmanager
def _started(overrides: list[str], model: Path, given: argparse.Namespace) -> Iterator[dict[str, turns.Side]]:
    chosen = [name for name in SIDES if given.compiled or "compiled" not in name]
    with ExitStack() as stack:
        sides = {}
        for name in chosen:
            side, more = SIDES[name]
            sides[name] = turns.Side(side, [*overrides, *more], model, rows=given.rows, dev=1, threads=given.threads)
            stack.callback(sides[name].close)
        yield sides


def _summary(
    each: list[dict[str, Any]], stock: list[dict[str, Any]], shape: tuple[int, int, int], rate: float
) -> dict[str, Any]:
    """Medians of the passes between the first, a warm-up, and the last, which tells the parts of a step."""
    timed, split = each[1:-1], each[-1]
    busy = [one["busy"] for one in timed if one["busy"] is not None]
    operations = [
        gpu.step_operations(*shape, one["tokens"], one["cells"] / one["examples"]) / one["seconds"] for one in timed
    ]
    return {
        "examples_per_second": median(one["examples"] / one["seconds"] for one in timed),
        "tokens_per_second": median(one["tokens"] / one["seconds"] for one in timed),
        "padding": median(1 - one["tokens"] / one["cells"] for one in timed),
        "ratio": median(theirs["seconds"] / one["seconds"] for theirs, one in zip(stock[1:-1], timed, strict=True)),
        "shares": {part: split[part] / split["seconds"] for part in PARTS},
        "matmul_share": median(operations) / rate,
        "busy": median(busy) if busy else None,
        "peak": max(one["peak"] for one in each),
        "loss": timed[-1]["loss"] / timed[-1]["steps"],
    }


def uneven_rows(number: int, words: int) -> list[dict[str, Any]]:
    """Rows whose lengths fall off exponentially around `words`, from 4 to 4 times as many, as those of texts do."""
    draw = Random(0)
    offered = texts.labels(LABELS)
    longest = texts.entity_rows(number, 4 * words, offered)
    made = []
    for row in longest:
        length = min(max(round(draw.expovariate(1 / words)), 4), 4 * words)
        spans = [span for span in row["ner"] if span[1] < length]
        made.append({**row, "tokenized_text": row["tokenized_text"][:length], "ner": spans})
    return made


def _encoder(name: str, place: Path) -> list[str]:
    """Overrides for a built-in backbone, or for `base`: random weights of BERT base's shape, MiniLM's tokenizer."""
    if name != "base":
        return [f"backbone={name}"]
    from transformers import AutoTokenizer, BertConfig, BertModel

    from gliexp.models.backbone import locate

    directory = place / "base"
    AutoTokenizer.from_pretrained(locate("minilm", "built_in")).save_pretrained(directory)
    BertModel(BertConfig()).save_pretrained(directory)
    return ["backbone=bert_base", f"backbone.model_name={directory}"]


def _shape(model: Path) -> tuple[int, int, int]:
    """Parameters outside of the embeddings, layers and hidden size of a saved model's text encoder."""
    from gliexp.models import architecture, gliner

    encoder: Any = architecture.text_encoder(gliner.load(model))
    outside = sum(value.numel() for name, value in encoder.named_parameters() if "embeddings" not in name)
    return outside, encoder.config.num_hidden_layers, encoder.config.hidden_size


def table(found: Sequence[dict[str, Any]]) -> Table:
    """A line for each encoder, length and side."""
    shown = Table(title="training, by the clock", title_justify="left")
    for title in ("encoder, words", "side", "examples/s", "ratio", "tokens/s", "padding", ", ".join(PARTS)):
        shown.add_column(title, no_wrap=True)
    for title in ("of matmul", "busy", "peak MB", "loss"):
        shown.add_column(title, justify="right")
    for one in found:
        shown.add_row(
            f"{one['encoder']}, {one['words']}",
            one["side"],
            f"{one['examples_per_second']:.1f}",
            f"{one['ratio']:.2f}",
            f"{one['tokens_per_second']:.0f}",
            f"{one['padding']:.0%}",
            ", ".join(f"{one['shares'][part]:.0%}" for part in PARTS),
            f"{one['matmul_share']:.1%}",
            "" if one["busy"] is None else f"{one['busy']:.0%}",
            f"{one['peak']:.0f}",
            f"{one['loss']:.4g}",
        )
    return shown


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--encoders", default="minilm,base", help="built-in backbones, and base")
    parser.add_argument("--words", type=lambda text: [int(word) for word in text.split(",")], default=[16, 32, 64])
    parser.add_argument("--rows", type=int, default=1024)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--threads", type=int, default=8, help="of the processor, for each side")
    parser.add_argument("--compiled", action="store_true", help="also by torch.compile")
    record.add_option(parser)
    return parser


if __name__ == "__main__":
    main()
