"""How sure a score is: bootstrap over rows, alone and in pairs (Efron 1979; Berg-Kirkpatrick et al. 2012).

Rows are drawn with replacement as often as there are rows. Models that are compared are scored on the same draws, so
that what is hard about a row is hard for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gliexp.training.metrics.counts import Counts

BLOCK = 5_000_000  # rows times draws in memory at once, 40 MB
SAMPLES = 1000
LEVEL = 0.95
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A second model's score minus a first one's: as measured, its interval, and a two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Bootstrap:
    """Draws of `rows` rows: how often each draw (SAMPLES of them) takes each row."""

    times: NDArray[np.int64]

    @classmethod
    def of(cls, rows: int, seed: int = 0, samples: int = SAMPLES) -> Bootstrap:
        """The same draws for the same arguments."""
        return cls(np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=samples))

    def micro_f1(self, counts: Counts) -> Floats:
        """Micro F1 of each draw."""
        right, both = counts.right.sum(axis=1), (counts.said + counts.true).sum(axis=1)
        return _f1(self.times @ right, self.times @ both)

    def macro_f1(self, counts: Counts) -> Floats:
        """Macro F1 of each draw, over the labels that it holds."""
        right, both = self.times @ counts.right, self.times @ (counts.said + counts.true)
        present = (both > 0).sum(axis=1)
        macro: Floats = _f1(right, both).sum(axis=1) / np.maximum(present, 1)
        return macro


def interval(draws: Floats, level: float = LEVEL) -> tuple[float, float]:
    """The middle `level` of the draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def intervals(counts: Mapping[str, Counts], rows: int) -> dict[str, tuple[float, float]]:
    """The intervals of micro and macro F1 of each kind of item that was counted in `rows` rows, by the figure's name.

    Drawn in blocks, so that a million rows need no table of a million by SAMPLES.
    """
    if not rows:
        return {}
    size = min(SAMPLES, max(1, BLOCK // rows))
    drawn: dict[str, list[Floats]] = {}
    for number in range(-(-SAMPLES // size)):
        block = Bootstrap.of(rows, seed=number, samples=size)
        for kind, of_kind in counts.items():
            drawn.setdefault(f"{kind}_micro_f1", []).append(block.micro_f1(of_kind))
            drawn.setdefault(f"{kind}_macro_f1", []).append(block.macro_f1(of_kind))
    return {name: interval(np.concatenate(blocks)) for name, blocks in drawn.items()}


def difference(first: Floats, second: Floats, value: float) -> Difference:
    """What the same draws say of two models; `value` is the difference on the rows themselves.

    p is twice the share of draws on the other side of 0, counting one draw more on both sides: never 0.
    """
    draws = second - first
    other = min(int((draws <= 0).sum()), int((draws >= 0).sum()))
    return Difference(value, *interval(draws), min(1.0, 2 * (other + 1) / (len(draws) + 1)))


def _f1(right: NDArray[np.int64], both: NDArray[np.int64]) -> Floats:
    found: Floats = 2 * right / np.maximum(both, 1)
    return found
