"""What a training step needs of memory: weights, gradients, optimizer state, and activations of the largest batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

MOMENTS: Mapping[str, float] = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "lion_32bit": 1, "paged_lion_32bit": 1}
"""Full-size float32 copies of a parameter that an optimizer keeps; 2 where it is not named here."""
BYTE_MOMENTS: Mapping[str, float] = {"lion_8bit": 1, "paged_lion_8bit": 1, "rmsprop_bnb_8bit": 1}
"""The same in single bytes; 2 for the other optimizers with 8bit in their name."""
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@dataclass(frozen=True)
class Footprint:
    """Bytes of one step at this batch size; `activations` is what a forward pass keeps for the backward pass."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        return self.weights + self.gradients + self.optimizer + self.activations

    def __str__(self) -> str:
        parts = ("weights", "gradients", "optimizer", "activations")
        shown = ", ".join(f"{part} {readable(getattr(self, part))}" for part in parts)
        return f"memory of a step, about {readable(self.total)}: {shown}"


def readable(size: int) -> str:
    """Bytes in the largest unit that leaves at least one."""
    value, unit = float(size), UNITS[0]
    for unit in UNITS:
        if value < 1024 or unit == UNITS[-1]:
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def measure(model: nn.Module, optim: str, activations: int) -> Footprint:
    """The footprint of training `model`'s trainable parameters with the optimizer `optim` of TrainingArguments."""
    parameters = list({id(p): p for p in model.parameters()}.values())
    trainable = [p for p in parameters if p.requires_grad]
    return Footprint(
        weights=sum(p.numel() * p.element_size() for p in parameters),
        gradients=sum(p.numel() * p.element_size() for p in trainable),
        optimizer=sum(_state(p, optim) for p in trainable),
        activations=activations,
    )


def _state(parameter: nn.Parameter, optim: str) -> int:
    """Bytes of an optimizer's state for one parameter, its step counter left out."""
    size = parameter.numel()
    if optim == "adafactor" and parameter.ndim >= 2:  # sums over rows and over columns
        rows, columns = parameter.shape[-2:]
        return 4 * (size // columns + size // rows)
    if optim == "adafactor":
        return 4 * size
    if "8bit" in optim:
        return int(size * BYTE_MOMENTS.get(optim, 2))
    return int(4 * size * MOMENTS.get(optim, 2))


def kept_for_backward(model: nn.Module, forward: Callable[[], Any]) -> int:
    """Bytes that a forward pass keeps for the backward pass, the parameters of `model` left out.

    The pass draws its dropout from a state of its own, so that training is not disturbed by it.
    """
    seen = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept = 0

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in seen:
            seen.add(storage.data_ptr())
            kept += storage.nbytes()
        return tensor

    with torch.random.fork_rng(), torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = forward()  # held until the end: a freed tensor's address could be another's
    del result
    return kept
