"""Advice from outside on whether a run is worth going on with: a search that compares it with its other trials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Advice:
    """`should_end` is asked at each evaluation with the training step and the value of `metric` on dev.

    `metric` is named as in metrics.json, without its split: ner_micro_f1.
    """

    metric: str
    should_end: Callable[[int, float], bool]
