"""Several processes at one step: what happened on one counts on all, and gradients are averaged when all are done.

DistributedDataParallel averages while the last backward pass runs. A rank that runs out of memory in it, or leaves a
batch out, would leave the others waiting for ever. So every pass is local (`apart`), the ranks agree on how it went,
and only then are the gradients averaged.

A mean over a rank's rows weighs as much as those rows do among all: so ranks with B rows each make the update that one
process makes of all their rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch.nn.parallel import DistributedDataParallel

BUCKET = 2**23
"""Numbers that go over the network at once: 32 MiB of float32."""


class Agreement:
    """What happened to a micro-batch on any rank: the worst counts on all of them, so that all do the same."""

    FINE, AGAIN, SKIP, STOP = range(4)

    def __init__(self, accelerator: Any) -> None:
        self.accelerator = accelerator

    def worst(self, outcome: int) -> int:
        """The greatest outcome over the ranks."""
        if self.accelerator.num_processes == 1:
            return outcome
        told = torch.tensor(outcome, device=self.accelerator.device)
        torch.distributed.all_reduce(told, op=torch.distributed.ReduceOp.MAX)
        return int(told)

    def mean(self, loss: torch.Tensor) -> torch.Tensor:
        """The mean over the ranks: what all of them log and judge."""
        if self.accelerator.num_processes == 1:
            return loss
        told = loss.detach().to(self.accelerator.device, torch.float32)
        torch.distributed.all_reduce(told)
        told /= self.accelerator.num_processes
        return told


class Sums:
    """Totals over the ranks, within passes that may fail on some of them.

    `expected` says how many totals all ranks make in turn; `finish` makes those that a rank has missed since it failed,
    with zeros, so that none waits for it for ever.
    """

    WIDTH = 2

    def __init__(self, accelerator: Any, expected: int) -> None:
        self.accelerator = accelerator
        self.left = expected if accelerator.num_processes > 1 else 0

    def __call__(self, *values: float) -> list[float]:
        """The totals of up to WIDTH numbers."""
        if self.accelerator.num_processes == 1:
            return list(values)
        self.left -= 1
        told = torch.zeros(self.WIDTH, dtype=torch.float64, device=self.accelerator.device)
        told[: len(values)] = torch.tensor(values, dtype=torch.float64)
        torch.distributed.all_reduce(told)
        return [float(total) for total in told[: len(values)]]

    def shares(self, *values: float) -> list[float]:
        """By what means over so many cells are multiplied, so that the ranks' average is the mean over all cells."""
        ranks = self.accelerator.num_processes
        totals = self(*values)
        return [value * ranks / total if total else 0.0 for value, total in zip(values, totals, strict=True)]

    def finish(self) -> None:
        """Make the totals that are still expected."""
        while self.left > 0:
            self()


def apart(model: Any) -> AbstractContextManager[Any]:
    """A context in which passes of `model` leave the other ranks alone."""
    if not isinstance(model, DistributedDataParallel):
        return nullcontext()
    # The forward pass would broadcast the first rank's buffers: constants here, which were broadcast when it was made.
    model.require_forward_param_sync = False
    return model.no_sync()


def average_gradients(model: Any) -> None:
    """Make each gradient the mean over the ranks; one that some ranks lack counts as 0 there. Nothing without DDP."""
    if not isinstance(model, DistributedDataParallel):
        return
    average([parameter for parameter in model.parameters() if parameter.requires_grad])


def average(parameters: Sequence[torch.nn.Parameter]) -> None:
    """The same for parameters that every rank has."""
    present = torch.tensor([parameter.grad is not None for parameter in parameters], device=parameters[0].device).int()
    torch.distributed.all_reduce(present, op=torch.distributed.ReduceOp.MAX)
    shared = [parameter for parameter, some in zip(parameters, present.tolist(), strict=True) if some]
    for parameter in shared:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    for bucket in _buckets([parameter.grad for parameter in shared if parameter.grad is not None]):
        flat = torch.cat([gradient.reshape(-1) for gradient in bucket])
        torch.distributed.all_reduce(flat)
        flat /= torch.distributed.get_world_size()
        for gradient, part in zip(bucket, torch.split(flat, [gradient.numel() for gradient in bucket]), strict=True):
            gradient.copy_(part.view_as(gradient))


def _buckets(gradients: Sequence[torch.Tensor]) -> Iterator[list[torch.Tensor]]:
    """Gradients of one type, in their order, up to BUCKET numbers at once; a larger one goes alone."""
    bucket: list[torch.Tensor] = []
    for gradient in gradients:
        full = sum(other.numel() for other in bucket) + gradient.numel() > BUCKET
        if bucket and (full or gradient.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket
