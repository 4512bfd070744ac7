"""Weights of training files: how often each row counts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


def mixed(weights: Sequence[float], seed: int) -> list[int]:
    """The indices of the rows as they are trained on, from the weight of each row's file.

    A row of weight 2 is there twice, one of 2.5 twice and half of such rows a third time; of weight 0.5 half of the
    rows are there. The halves are drawn once by `seed`, so every epoch sees the same rows.
    """
    copies = [int(weight) for weight in weights]
    for weight in sorted(set(weights)):
        part = weight - int(weight)
        rows = [index for index, other in enumerate(weights) if other == weight]
        for index in Random(f"gliexp mixing {seed} {weight}").sample(rows, round(part * len(rows))):
            copies[index] += 1
    return [index for index, count in enumerate(copies) for _ in range(count)]
