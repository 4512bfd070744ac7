"""Trainers of both libraries on the embedded sample, made as a run makes them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from gliexp.config.compose import compose
from gliexp.data.splits import load
from gliexp.runs.families import family
from gliexp.training.bad_step import StepRules

SHORT = ("training.use_cpu=true", "training.eval_strategy=no", "training.save_strategy=no", "training.logging_steps=1")
MakeTrainer = Callable[..., Any]


def trainer_of(place: Path, *overrides: str, rows: int = 64, **rules: Any) -> Any:
    """A trainer on the first rows of the sample, whose bad steps are kept in place/bad_steps."""
    torch.set_num_threads(1)
    composed = compose([*SHORT, *overrides])
    random.seed(0)
    torch.manual_seed(0)
    stages = family(composed.config.run.task).stages
    splits = load(composed.config.data, composed.config.run.task, seed=1)
    splits.train, splits.dev = splits.train[:rows], splits.dev[:8]
    splits.places["train"] = splits.places["train"][:rows]
    built = stages.build_model(composed)
    shown = stages.shown(composed, built, splits)
    trainer = stages.make_trainer(composed, built, shown, place / "checkpoints", [])
    trainer.rules = StepRules(bundles=place / "bad_steps", **rules)
    return trainer


@pytest.fixture
def make_trainer(tmp_path: Path) -> MakeTrainer:
    """Function from overrides to a trainer; see trainer_of."""
    return partial(trainer_of, tmp_path)


def without_dropout(model: Any) -> None:
    """Every draw of a forward pass gone, so that two passes are equal."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if isinstance(module, torch.nn.LSTM):
            module.dropout = 0.0
