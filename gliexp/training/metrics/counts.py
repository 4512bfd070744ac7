"""How often each label was right, said and true in each row: all that scores and their intervals are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Item = tuple[Any, ...]
"""What is found or not, its label last: (start, end, label) of an entity, (head, tail, label) of a relation."""
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Counts:
    """Three arrays of (rows, labels): items that gold and prediction share, that are predicted, that are gold."""

    labels: list[str]
    right: Numbers
    said: Numbers
    true: Numbers

    @classmethod
    def of(cls, gold: Sequence[Iterable[Item]], predicted: Sequence[Iterable[Item]]) -> Counts:
        """From one collection of items a row on both sides; equal items count as often as they occur (multisets).

        Raises ValueError if the numbers of rows differ.
        """
        if len(gold) != len(predicted):
            raise ValueError(f"gold and predicted differ in their number of rows: {[len(gold), len(predicted)]}")
        rows = [(Counter(map(tuple, a)), Counter(map(tuple, b))) for a, b in zip(gold, predicted, strict=True)]
        labels = sorted({item[-1] for pair in rows for side in pair for item in side})
        place = {label: number for number, label in enumerate(labels)}
        right, said, true = np.zeros((3, len(rows), len(labels)), dtype=np.int64)
        for number, (held, found) in enumerate(rows):
            for into, counts in ((right, held & found), (said, found), (true, held)):
                for item, count in counts.items():
                    into[number, place[item[-1]]] += count
        return cls(labels, right, said, true)

    def scores(self, prefix: str) -> dict[str, Any]:
        """Micro, macro and weighted (by support) precision, recall and f1, and per_label with `support`, by name."""
        right, said, true = (part.sum(axis=0) for part in (self.right, self.said, self.true))
        per_label = {
            label: {**ratios(right[n], said[n], true[n]), "support": int(true[n])}
            for n, label in enumerate(self.labels)
        }
        micro = ratios(right.sum(), said.sum(), true.sum())
        found: dict[str, Any] = {f"{prefix}_micro_{name}": value for name, value in micro.items()}
        for name in micro:
            column = [row[name] for row in per_label.values()]
            found[f"{prefix}_macro_{name}"] = float(np.mean(column)) if column else 0.0
            found[f"{prefix}_weighted_{name}"] = float(np.average(column, weights=true)) if true.sum() else 0.0
        found[f"{prefix}_per_label"] = per_label
        return found


def ratios(right: float, said: float, true: float) -> dict[str, float]:
    """Precision, recall and f1 of three counts."""
    return {
        "precision": float(right / said) if said else 0.0,
        "recall": float(right / true) if true else 0.0,
        "f1": float(2 * right / (said + true)) if said + true else 0.0,
    }
