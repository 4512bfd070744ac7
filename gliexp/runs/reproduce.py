"""A bad step once more: the run's own path to a trainer, then the weights, inputs and random state of its bundle."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn

from gliexp.config.compose import Composed, typed
from gliexp.config.report import Report
from gliexp.data.splits import load
from gliexp.errors import Problem, Refusal, RunFailed
from gliexp.runs.families import family
from gliexp.runs.prepared import quiet_libraries
from gliexp.training import bundle
from gliexp.training.bundle import Bundle
from gliexp.training.collator import ROWS


def reproduce(directory: Path) -> list[str]:
    """What the step does now, in lines.

    Raises RunFailed where it passes, Refusal where the bundle or what its config names cannot be read.
    """
    kept = bundle.read(directory)
    composed = _composed(directory)
    quiet_libraries()
    with tempfile.TemporaryDirectory() as place:
        trainer = _trainer(composed, Path(place))
        model = trainer.model
        kept.load_weights(trainer.accelerator.unwrap_model(model))
        with _first_non_finite(model) as first:
            fault = _again(trainer, model, kept)
    lines = [f"then: {kept.facts['error'].splitlines()[0]}", f"now:  {fault.splitlines()[0]}"]
    return lines + [f"the first output that is not finite is that of {name}" for name in first[:1]]


def _composed(directory: Path) -> Composed:
    file = directory / bundle.CONFIG
    if not file.is_file():
        raise Refusal([Problem(str(directory), f"the bundle has no {bundle.CONFIG}")])
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    return Composed(typed(tree), tree, (), {}, (), Report())


def _trainer(composed: Composed, checkpoints: Path) -> Any:
    stages = family(composed.config.run.task).stages
    splits = load(composed.config.data, composed.config.run.task, seed=composed.config.run.seed)
    built = stages.build_model(composed)
    return stages.make_trainer(composed, built, stages.shown(composed, built, splits), checkpoints, [])


def _again(trainer: Any, model: Any, kept: Bundle) -> str:
    """The fault of the step; the generators are set before the last micro-batch, as they were."""
    trainer.state.global_step = kept.facts["step"] - 1
    trainer.state.epoch = kept.facts["epoch"]
    trainer.current_gradient_accumulation_steps = kept.facts["accumulation"]
    model.zero_grad()
    try:
        for place, batch in enumerate(kept.batches):
            if place == len(kept.batches) - 1:
                kept.random.restore()
            loss = trainer.training_step(model, {**batch.inputs, ROWS: batch.numbers})
        norm = float(trainer.accelerator.clip_grad_norm_(model.parameters(), math.inf))
    except RunFailed as error:
        return str(error)
    if math.isfinite(norm):
        raise RunFailed(f"the step passes now: loss {float(loss):g}, gradient norm {norm:g}")
    return f"the gradient norm is {norm}, the losses are finite"


@contextmanager
def _first_non_finite(model: nn.Module) -> Iterator[list[str]]:
    """Collects the names of modules whose output is not finite, in the order in which they ran."""
    found: list[str] = []

    def hook(name: str) -> Any:
        def look(_module: nn.Module, _inputs: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) and output else output
            if torch.is_tensor(tensor) and tensor.is_floating_point() and not torch.isfinite(tensor).all():
                found.append(name)

        return look

    handles = [module.register_forward_hook(hook(name)) for name, module in model.named_modules() if name]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()
