"""What other thresholds would give: from the predictions at the lowest one, without asking the model again.

The libraries take the highest score first and then what may stand beside it (gliner/decoding/decoder.py, greedy_search;
a token model's score is the least of its parts), so what is found at a threshold is what is found at a lower one,
without the scores up to it. For which models that holds says models/architecture.py (thresholds_take_away).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gliexp.training.metrics.counts import Item, ratios

LOWEST = 0.05
"""Below it lie most spans of a model that has not learnt yet, and a search over all of them takes minutes."""
GRID = tuple(number / 100 for number in range(5, 100))


class Point(NamedTuple):
    """Micro scores at a threshold."""

    threshold: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Scored:
    """All that was predicted at the lowest threshold: score, whether it is right, and how many items gold holds."""

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    true: int

    @classmethod
    def of(cls, gold: Sequence[Sequence[Item]], predicted: Sequence[Sequence[tuple[Item, float]]]) -> Scored:
        """From the gold items of each row, and the predicted ones with their scores."""
        flags: list[bool] = []
        scores: list[float] = []
        for held, found in zip(gold, predicted, strict=True):
            left = [tuple(item) for item in held]
            for item, score in sorted(found, key=lambda pair: -pair[1]):
                hit = tuple(item) in left
                if hit:
                    left.remove(tuple(item))
                flags.append(hit)
                scores.append(score)
        return cls(np.array(scores, float), np.array(flags, bool), sum(map(len, gold)))

    def at(self, threshold: float) -> Point:
        """Scores of what lies above `threshold`."""
        said = self.scores > threshold
        found = ratios(int((said & self.right).sum()), int(said.sum()), self.true)
        return Point(threshold, found["precision"], found["recall"], found["f1"])

    def curve(self, grid: Sequence[float] = GRID) -> list[Point]:
        """Scores at each threshold of the grid."""
        return [self.at(threshold) for threshold in grid]


def best(f1: Callable[[float], float], default: float, grid: Sequence[float] = GRID) -> float:
    """The threshold of the grid with the greatest F1; of equal ones the nearest to `default`, which also stands where
    nothing is ever right.
    """
    scores = {threshold: f1(threshold) for threshold in grid}
    greatest = max(scores.values())
    if greatest == 0:
        return default
    return min((t for t, score in scores.items() if score >= greatest - 1e-12), key=lambda t: (abs(t - default), t))
