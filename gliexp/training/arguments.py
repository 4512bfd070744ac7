"""The library's TrainingArguments from the routed values of a config."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

OWN_OPTIMIZERS = ("muon",)
SELECTION_METRIC = {
    "relex": "joint_micro_f1",
    "classification": "cls_macro_f1",
    "classification_rl": "cls_macro_f1",
    "regression": "cls_mae",
}
"""What the best checkpoint is chosen by where the config names nothing; `ner_micro_f1` for the other tasks.

Relations score 0 until entities are found, so relation F1 alone would keep the first of many equal checkpoints.
"""


LOWER_IS_BETTER = frozenset({"cls_mae", "cls_rmse", "cls_ece"})


def training_arguments(values: Mapping[str, Any], library: type, *, task: str, checkpoints: Path, has_dev: bool) -> Any:
    """Build the `library`'s TrainingArguments from its attributes as routed; those that it lacks are left out.

    `checkpoints` serves where output_dir is null.

    Without dev rows there is nothing to choose a checkpoint by, so evaluation and selection are off.
    """
    values = dict(values)
    # Where the arguments go, the token would go too: into training_args.bin beside each checkpoint, and to trackers.
    # huggingface_hub takes it from the environment whenever it is handed none.
    token = values.pop("hub_token", None)
    if token:
        os.environ["HF_TOKEN"] = token
    values["output_dir"] = str(values.get("output_dir") or checkpoints)
    values["metric_for_best_model"] = values.get("metric_for_best_model") or SELECTION_METRIC.get(task, "ner_micro_f1")
    # runs/tracking reports: an integration of transformers that fails would end the run
    values["report_to"] = "none"
    # Rows are dicts that the collator reads; the Trainer would strip every key that is no argument of forward().
    values["remove_unused_columns"] = False
    # Pinned memory speeds up copies to a GPU; without one torch warns at every epoch.
    values["dataloader_pin_memory"] = values.get("dataloader_pin_memory", True) and torch.cuda.is_available()
    if not has_dev:
        values |= {"eval_strategy": "no", "load_best_model_at_end": False, "eval_on_start": False}
    if values.get("greater_is_better") is None:
        values["greater_is_better"] = values["metric_for_best_model"].removeprefix("eval_") not in LOWER_IS_BETTER
    own = values["optim"] if values.get("optim") in OWN_OPTIMIZERS else None
    if own is not None:
        values["optim"] = "adamw_torch"  # a name that transformers knows; the trainer reads the one set below
    safetensors = bool(values.pop("save_safetensors", True))
    known = {field.name for field in fields(library)}
    arguments = library(**{name: value for name, value in values.items() if name in known})
    # Gone from transformers 5's arguments, but gliner's Trainer still reads it (gliner/training/trainer.py:187).
    arguments.save_safetensors = safetensors
    arguments.optim = own or arguments.optim
    return arguments
