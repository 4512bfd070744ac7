"""Training rows, each carrying the epoch it is drawn for.

The epoch travels with the row and not through shared state, so that workers which prefetch across an epoch's end, and
a run that resumes in the middle of one, sample the same labels as an uninterrupted run with no workers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch.utils.data import Dataset


class Draw(NamedTuple):
    """Which row is drawn (its number, from 0), and for which pass over the data.

    A `filler` keeps a process busy that has no row of a batch which is shared among several; it does not count.
    """

    epoch: int
    number: int
    filler: bool = False


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
