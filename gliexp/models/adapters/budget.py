"""AdaLoRA's own part in training: it takes rank away step by step, and keeps its factors orthogonal by a term of loss.

peft does the second only in models that return a loss (tuners/adalora/model.py, forward), which bare encoders do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from peft.tuners.adalora import AdaLoraModel

from gliexp.errors import Problem, Refusal
from gliexp.models import anatomy


def tuners(model: Any) -> list[AdaLoraModel]:
    """The AdaLoRA tuners of a model's parts; empty for other methods."""
    found = (getattr(holder.model, "base_model", None) for holder in anatomy.of(model).holders.values())
    return [tuner for tuner in found if isinstance(tuner, AdaLoraModel)]


def start(model: Any, steps: int) -> None:
    """Tell the allocators how many steps the whole training has. Raises Refusal where their phases do not fit in."""
    for tuner in tuners(model):
        config = tuner.peft_config[tuner.trainable_adapter_name]
        if config.tinit + config.tfinal >= steps:
            allowed = f"less than the {steps} steps of training, together"
            raise Refusal([Problem("peft.tinit", f"{config.tinit}, and peft.tfinal {config.tfinal}", allowed)])
        config.total_step = steps


def advance(model: Any, step: int) -> None:
    """Settle the ranks of `step`, counted from 1: after the optimizer's step, while gradients are still there."""
    for tuner in tuners(model):
        tuner.update_and_allocate(step)


def regularisation(model: Any) -> torch.Tensor | None:
    """How far all factors are from orthogonal, times orth_reg_weight; None for other methods."""
    terms = [
        tuner.peft_config[tuner.trainable_adapter_name].orth_reg_weight * _distance(tuner) for tuner in tuners(model)
    ]
    return torch.stack(terms).sum() if terms else None


def _distance(tuner: AdaLoraModel) -> torch.Tensor:
    return torch.stack(list(_distances(tuner))).mean()


def _distances(tuner: AdaLoraModel) -> Iterator[torch.Tensor]:
    for name, parameter in tuner.model.named_parameters():
        if ".lora_A." in name or ".lora_B." in name:
            square = parameter @ parameter.T if ".lora_A." in name else parameter.T @ parameter
            yield torch.linalg.matrix_norm(square - torch.eye(len(square), device=square.device))
