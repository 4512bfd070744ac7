"""Scores that forgive: of borders alone, of overlaps, of labels on overlaps. The rules are SemEval-2013's (task 9.1).

They are counted as nervaluate counts them, so that figures compare: each predicted entity, in order, takes the first
gold entity that fits, and a gold entity is taken once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliexp.training.metrics.counts import ratios

Span = tuple[int, int, str]
NAMES = ("boundary", "partial", "type")
HALF = 0.5
"""What an entity with a wrong border is worth in the partial score."""


def score_partial(gold: Sequence[Sequence[Any]], predicted: Sequence[Sequence[Any]]) -> dict[str, float]:
    """ner_boundary_… (both borders right, the label not asked), ner_partial_… (the same, and half a point for any
    overlap) and ner_type_… (any overlap, the label right), each with precision, recall and f1.
    """
    right = dict.fromkeys(NAMES, 0.0)
    for gold_row, predicted_row in zip(gold, predicted, strict=True):
        if gold_row and predicted_row:
            held, found = _ordered(gold_row), _ordered(predicted_row)
            right["boundary"] += _borders(held, found, 0.0)
            right["partial"] += _borders(held, found, HALF)
            right["type"] += _types(held, found)
    said, true = sum(map(len, predicted)), sum(map(len, gold))
    return {f"ner_{kind}_{name}": value for kind in NAMES for name, value in ratios(right[kind], said, true).items()}


def _ordered(row: Sequence[Any]) -> list[Span]:
    return sorted((start, end, label) for start, end, label in row)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _borders(gold: Sequence[Span], predicted: Sequence[Span], worth: float) -> float:
    """Points of a row: 1 for the same borders, `worth` for an overlap; an overlap takes its gold entity either way."""
    points, free = 0.0, list(gold)
    for span in predicted:
        same = next((one for one in free if one[:2] == span[:2]), None)
        taken = same or next((one for one in free if _overlap(one, span)), None)
        if taken is not None:
            free.remove(taken)
            points += 1.0 if same else worth
    return points


def _types(gold: Sequence[Span], predicted: Sequence[Span]) -> float:
    """Points of a row: 1 for an overlap with the right label, whose gold entity is the one with the nearest borders."""
    points, free = 0.0, list(gold)
    for span in predicted:
        met = [one for one in free if _overlap(one, span)]
        alike = [one for one in met if one[2] == span[2]]
        if alike:
            points += 1
            free.remove(min(alike, key=lambda one: abs(one[0] - span[0]) + abs(one[1] - span[1])))
        elif met:
            free.remove(met[0])
    return points
