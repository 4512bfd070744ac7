"""Dropout whose random numbers cost little: 16 bits decide about a value, where torch draws a number for it.

On a CPU torch.bernoulli_ is a sixth of a training step (docs/performance.md). The share that is dropped is the asked
for one to 1/65536, and what is kept is scaled by the share that really is, so the expectation is exact.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.autograd.function import once_differentiable

LEVELS = 1 << 16

LEAST_VALUES = 1 << 14
"""Below it a call from Python costs more than the random numbers that it saves."""


def cut(probability: float) -> int:
    """How many of LEVELS draws fall."""
    return min(round(probability * LEVELS), LEVELS - 1)


def scale(probability: float) -> float:
    """By what a kept value is multiplied."""
    return LEVELS / (LEVELS - cut(probability))


def drawn(shape: torch.Size, probability: float) -> torch.Tensor:
    """A factor for each value of `shape`, float32 on the CPU: 0 with `probability`, else what keeps the expectation.

    The numbers come from torch's own generator.
    """
    number = shape.numel()
    words = torch.empty((number + 3) // 4, dtype=torch.int64).random_(-(1 << 63), None)  # all 64 bits
    kept = words.view(torch.int16)[:number] >= cut(probability) - LEVELS // 2
    return kept.to(torch.float32).mul_(scale(probability)).view(shape)


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, probability: float) -> torch.Tensor:
        factors = drawn(values.shape, probability)
        ctx.save_for_backward(factors)
        return values * factors

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        (factors,) = ctx.saved_tensors
        return gradient * factors, None


def dropped(values: torch.Tensor, probability: float) -> torch.Tensor:
    """torch.nn.functional.dropout in training, of float32 CPU values."""
    result: torch.Tensor = _Dropped.apply(values, probability)  # type: ignore[no-untyped-call]
    return result


class CheapDropout(nn.Dropout):
    """nn.Dropout on float32 CPU values with cheap random numbers; otherwise nn.Dropout."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not self.training or not 0 < self.p < 1 or self.inplace or input.numel() < LEAST_VALUES or not holds(input):
            return super().forward(input)
        return dropped(input, self.p)


def holds(values: torch.Tensor) -> bool:
    """Whether these are float32 values on the CPU, outside of a compiler."""
    return values.dtype == torch.float32 and values.device.type == "cpu" and not torch.compiler.is_compiling()
