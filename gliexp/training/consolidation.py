"""Elastic weight consolidation (Kirkpatrick et al. 2017): weights that earlier rows need stay near where they were.

gliclass's EWC squares the mean gradient of a batch instead of each row's, whose signs cancel, divides the penalty by
the size of the batch, prints and goes on where a batch fails or no earlier rows are given, and draws rows from the
global generator (gliclass/training.py:59, 120, 205, 357).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch

from gliexp.errors import RunFailed
from gliexp.models.predict import undisturbed
from gliexp.training.collator import ROWS
from gliexp.training.rows import Draw, DrawnRow


@dataclass(frozen=True)
class Consolidation:
    """How much each weight is needed, and where it was, by name; `strength` is ewc_lambda."""

    strength: float
    needed: Mapping[str, torch.Tensor]
    was: Mapping[str, torch.Tensor]

    def penalty(self, model: Any) -> torch.Tensor:
        """strength times the sum over weights of need times squared distance, as in gliclass."""
        total = torch.zeros((), device=next(model.parameters()).device)
        for name, parameter in model.named_parameters():
            if name in self.needed:
                apart = parameter - self.was[name].to(parameter.device)
                total = total + (self.needed[name].to(parameter.device) * apart.pow(2)).sum()
        return self.strength * total


def consolidate(
    model: Any,
    rows: Sequence[Mapping[str, Any]],
    collate: Any,
    *,
    strength: float,
    samples: int | None,
    normalize: bool,
    seed: int,
) -> Consolidation:
    """What `rows` need of the trainable weights of `model`, as it is now: the mean of their squared gradients.

    `samples` rows are drawn by `seed`; None takes all. `normalize` divides by the greatest. The model and all random
    states are put back. Raises RunFailed where a row's loss cannot be computed.
    """
    numbers = range(len(rows)) if samples is None or samples >= len(rows) else _drawn(len(rows), samples, seed)
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    needed = {name: torch.zeros_like(parameter) for name, parameter in trained.items()}
    with undisturbed(model), torch.enable_grad():
        for number in numbers:
            gradients = torch.autograd.grad(
                _loss(model, collate, rows[number], number), list(trained.values()), allow_unused=True
            )
            for name, gradient in zip(trained, gradients, strict=True):
                if gradient is not None:
                    needed[name] += gradient.pow(2) / len(numbers)
    greatest = max(float(value.max()) for value in needed.values())
    if normalize and greatest > 0:
        needed = {name: value / greatest for name, value in needed.items()}
    return Consolidation(strength, needed, {name: value.detach().clone() for name, value in trained.items()})


def _drawn(rows: int, samples: int, seed: int) -> list[int]:
    return sorted(Random(f"gliexp consolidation {seed}").sample(range(rows), samples))


def _loss(model: Any, collate: Any, row: Mapping[str, Any], number: int) -> torch.Tensor:
    try:
        batch = collate([DrawnRow(Draw(0, number), row)])
        device = next(model.parameters()).device
        inputs = {key: value.to(device) if torch.is_tensor(value) else value for key, value in batch.items()}
        inputs.pop(ROWS)
        loss: torch.Tensor = model(**inputs).loss
    except Exception as error:
        raise RunFailed(f"row {number} of data.previous_data (from 0): {type(error).__name__}: {error}") from error
    if not torch.isfinite(loss):
        raise RunFailed(f"row {number} of data.previous_data (from 0): the loss is {loss.item()}")
    return loss
