"""One small run a task family: mid-epoch checkpoints, accumulation, length groups, dropout, early stopping, workers."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from gliexp.data import sample

SAMPLES = Path(sample.__file__).parent / "samples"
ROWS = {"train": 44, "dev": 6, "test": 6}

COMMON = (
    "run.name=run",
    "training.per_device_train_batch_size=4",
    "training.gradient_accumulation_steps=2",
    "training.train_sampling_strategy=group_by_length",
    "training.num_train_epochs=3",
    "training.eval_strategy=steps",
    "training.eval_steps=4",
    "training.save_strategy=steps",
    "training.save_steps=4",
    "training.save_total_limit=2",
    "training.load_best_model_at_end=true",
    "training.early_stopping_patience=3",
    "training.logging_steps=3",
    "data.on_loss=warn",
    "data.threshold=0.1",
)
"""Six optimizer steps an epoch, three epochs: checkpoints at 4, 8, 12, 16 and 18, the last at the end of an epoch."""

FAMILIES = {
    "span": ["task=ner", "training.dataloader_num_workers=2"],
    "token": ["task=ner", "span_mode=token_level"],
    "biencoder": ["task=biencoder"],
    "decoder": ["task=decoder"],
    "relex": ["task=relex"],
    "streaming": ["task=streaming"],
    "lora": ["task=ner", "peft=lora", "peft.save=both"],
    "adalora": ["task=ner", "peft=adalora", "peft.save=both"],
    "classifier": ["task=classification"],
    "classifier pair": ["task=classification", "model.architecture_type=bi-encoder"],
    "rl": ["task=classification_rl"],
    "classifier lora": ["task=classification", "peft=lora"],
    "epochs": [
        "task=ner",
        "training.eval_strategy=epoch",
        "training.save_strategy=epoch",
        "training.logging_strategy=epoch",
    ],
}

VARIANTS = {
    "muon": ["task=ner", "optimizer=muon"],
    "adafactor": ["task=ner", "optimizer=adafactor"],
    "plateau": ["task=ner", "training.lr_scheduler_type=reduce_lr_on_plateau"],
    "best": ["task=classification", "training.save_strategy=best"],
    "last step within an epoch": ["task=ner", "training.max_steps=15"],
    "epochs of evaluation alone": [
        "task=ner",
        "training.eval_strategy=epoch",
        "training.load_best_model_at_end=false",
        "training.early_stopping_patience=null",
    ],
    "spans of words": ["task=ner", "span_mode=token_level", "model.represent_spans=true"],
    "token budget": ["task=ner", "training.max_batch_tokens=110"],
    "chunks": ["task=ner", "data.long_doc_chunking={enabled: true, max_words: 10, stride: 3}"],
    "sampled labels": ["task=ner", "data.label_sampling=sampled", "data.mention_swap=0.5"],
    "augmented": ["task=relex", "model.augment_data_prob=0.5"],
    "pissa": ["task=ner", "peft=pissa", "peft.save=both"],
    "frozen": ["task=ner", "peft=partial"],
    "rl with a value model": ["task=classification_rl", "rl.value_model=mlp"],
    "full determinism": ["task=ner", "training.full_determinism=true"],
}
"""Further ways to train; one interruption each."""

ALL = os.environ.get("GLIEXP_FAULTS") == "all"
"""`make test-faults` tries every family wherever they are tried; `make test` fewer where each costs several runs."""
OFTEN = FAMILIES if ALL else ("span", "lora", "classifier", "rl", "epochs")
ALSO = VARIANTS if ALL else ()


def words(family: str, data: Path) -> list[str]:
    """The command of a family's run on the rows that `write_data` put into `data`."""
    own = {**FAMILIES, **VARIANTS}[family]
    kind = "classes" if any(word.startswith("task=classification") for word in own) else "entities"
    files = [f"data.{split}_data={data / kind}-{name}.jsonl" for split, name in SPLITS.items()]
    return [*COMMON, *files, *own]


SPLITS = {"train": "train", "val": "dev", "test": "test"}


def write_data(data: Path) -> None:
    """The first rows of the sample, for both kinds of task."""
    for kind, task in (("entities", "relex"), ("classes", "classification")):
        for name, count in ROWS.items():
            with sample.path(name, task).open(encoding="utf-8") as rows:
                text = "".join(itertools.islice(rows, count))
            (data / f"{kind}-{name}.jsonl").write_text(text, encoding="utf-8")
