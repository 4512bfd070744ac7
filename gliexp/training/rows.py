"""Training rows in a seeded order, each carrying the epoch it is drawn for.

The epoch travels with the row and not through shared state, so that workers which prefetch across an epoch's end, and
a run that resumes in the middle of one, sample the same labels as an uninterrupted run with no workers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch.utils.data import Dataset, Sampler

MEGA_BATCH = 50  # batches sorted together when grouping by length: the factor of transformers' LengthGroupedSampler


class Draw(NamedTuple):
    """Which row is drawn (its number, from 0), and for which pass over the data."""

    epoch: int
    number: int


class DrawnRow(NamedTuple):
    """A row with the draw that chose it."""

    draw: Draw
    row: Mapping[str, Any]


class TrainingRows(Dataset[DrawnRow]):
    """Rows of the training split, indexed by `Draw`."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, draw: Draw) -> DrawnRow:
        return DrawnRow(draw, self.rows[draw.number])


class EpochSampler(Sampler[Draw]):
    """A permutation of the rows for each epoch, a function of (seed, epoch) alone.

    With `batch_size` the rows of 50 batches at a time are sorted by length, longest first, so that a batch holds rows
    of like length and little padding; the batches' rows stay a random draw of the data.
    """

    def __init__(self, lengths: Sequence[int], seed: int, batch_size: int | None = None) -> None:
        self.lengths = lengths
        self.seed = seed
        self.batch_size = batch_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation; the training loop calls it at the start of every epoch, a resumed one included."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[Draw]:
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order: list[int] = torch.randperm(len(self.lengths), generator=generator).tolist()
        if self.batch_size is not None:
            order = self._grouped(order, self.batch_size)
        return iter([Draw(self.epoch, index) for index in order])

    def _grouped(self, order: list[int], batch_size: int) -> list[int]:
        size = batch_size * MEGA_BATCH
        grouped: list[int] = []
        for start in range(0, len(order), size):
            grouped += sorted(order[start : start + size], key=lambda index: -self.lengths[index])
        return grouped
