"""Which training rows make a batch: in a seeded order, rows of like cost together, so many rows or so many sub-tokens.

Every batch of an epoch is a function of (seed, epoch) alone, and an epoch has as many batches as any other, so that
schedules are known and a resumed run skips what was done. Of several processes each gets a share of every batch
(training/rank_batches.py), rows of like cost again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Sampler

from gliexp.training.rows import Draw

RANDOM, SEQUENTIAL, GROUPED = "random", "sequential", "group_by_length"
"""Values of training.train_sampling_strategy."""

MEGA_BATCH = 50
"""Batches sorted together when grouping by cost: the factor of transformers' LengthGroupedSampler."""

CLASS_WIDTH = 1.125
"""Rows whose sub-tokens differ by less than this factor count as equally long where batches have a budget."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Costs:
    """What each row costs: `work` of the model in any unit, `tokens` that its encoder reads, prompt included."""

    work: Sequence[float]
    tokens: Sequence[int]

    def __len__(self) -> int:
        return len(self.work)


class Batches(Sampler[list[Draw]]):
    """The batches of an epoch, of `batch_size` rows, or with a `budget` of at most so many padded sub-tokens each.

    Both are those of one process; a batch is what `world` processes share. Groups are sorted within MEGA_BATCH batches
    of a random order of the rows and batches are shuffled afterwards, so that what follows what stays random. A row
    longer than the budget is alone in its process.
    """

    def __init__(
        self,
        costs: Costs,
        seed: int,
        batch_size: int,
        *,
        strategy: str = RANDOM,
        budget: int | None = None,
        world: int = 1,
        drop_last: bool = False,
    ) -> None:
        self.costs = costs
        self.seed = seed
        self.strategy = strategy
        self.drop_last = drop_last
        self.epoch = 0
        self._size = batch_size * world
        self._classes = None if budget is None else _classes(costs.tokens)
        self._sizes = None if budget is None or self._classes is None else _sizes(self._classes, budget, world)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; the training loop does at the start of each, a resumed one included."""
        self.epoch = epoch

    def __len__(self) -> int:
        if self._sizes is not None:
            return len(self._sizes)
        whole, rest = divmod(len(self.costs), self._size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[list[Draw]]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        if self._sizes is not None:
            batches = self._shuffled(self._budgeted(self._order(generator), self._sizes), generator)
        elif self.strategy == GROUPED:
            batches = self._shuffled(self._cut(self._grouped(self._order(generator))), generator)
        elif self.strategy == SEQUENTIAL:
            batches = self._cut(np.arange(len(self.costs)))
        else:
            batches = self._cut(self._order(generator))
        return ([Draw(self.epoch, number) for number in batch] for batch in batches)

    def _order(self, generator: torch.Generator) -> Ints:
        order: Ints = torch.randperm(len(self.costs), generator=generator).numpy()
        return order

    def _grouped(self, order: Ints) -> Ints:
        """The order with each MEGA_BATCH batches of it sorted, the costliest rows first."""
        work, size = -np.asarray(self.costs.work), self._size * MEGA_BATCH
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        return np.concatenate([part[np.argsort(work[part], kind="stable")] for part in parts])

    def _budgeted(self, order: Ints, sizes: Ints) -> list[list[int]]:
        """The order sorted by class of length, the longest first, and cut into batches of these sizes."""
        assert self._classes is not None
        by_class = order[np.argsort(-self._classes[order], kind="stable")]
        return [part.tolist() for part in np.split(by_class, np.cumsum(sizes)[:-1])]

    def _cut(self, order: Ints) -> list[list[int]]:
        numbers: list[int] = order.tolist()
        return [numbers[start : start + self._size] for start in range(0, len(self) * self._size, self._size)]

    def _shuffled(self, batches: list[list[int]], generator: torch.Generator) -> list[list[int]]:
        """The batches in random order, a smaller one last."""
        whole = len(batches) - (self._sizes is None and bool(batches) and len(batches[-1]) < self._size)
        return [batches[place] for place in torch.randperm(whole, generator=generator).tolist()] + batches[whole:]


def _classes(tokens: Sequence[int]) -> Ints:
    """For each row the sub-tokens that it counts as: lengths rounded up to one of a few, CLASS_WIDTH apart."""
    lengths = np.asarray(tokens, np.int64)
    if not len(lengths):
        return lengths
    steps = [1]
    while steps[-1] < lengths.max():
        steps.append(max(steps[-1] + 1, int(steps[-1] * CLASS_WIDTH)))
    edges = np.asarray(steps, np.int64)
    edges[-1] = lengths.max()
    found: Ints = edges[np.searchsorted(edges, lengths)]
    return found


def _sizes(classes: Ints, budget: int, world: int) -> Ints:
    """Rows of each batch, the longest rows first: the same in every epoch, since classes are sorted and not rows."""
    lengths, sizes, at = -np.sort(-classes), list[int](), 0
    while at < len(lengths):
        size = min(world * max(1, budget // int(lengths[at])), len(lengths) - at)
        sizes.append(size)
        at += size
    return np.asarray(sizes, np.int64)
