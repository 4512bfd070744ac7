"""Scores of classifications on probabilities and real labels only; 0 wherever 0 is divided by 0.

Each (row, offered label) is one decision; what a row is not asked about counts nowhere. Macro averages run over every
label that gold or prediction holds, as for entities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HOLDS = 0.5
"""A label given with a score holds from here on."""
BINS = 15
GRID = np.arange(1, 100) / 100

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """All (row, label) pairs in a row: the row's number, the label's, its probability or score, and its target."""

    labels: list[str]
    row: Numbers
    label: Numbers
    value: Floats
    target: Floats

    @classmethod
    def of(
        cls, true: Sequence[Mapping[str, float]], asked: Sequence[Sequence[str]], values: Sequence[Sequence[float]]
    ) -> Decisions:
        """From each row's {label: score}, the labels it was asked about, and what was predicted for them."""
        names = sorted({label for row in asked for label in row})
        number = {label: place for place, label in enumerate(names)}
        pairs = [
            (place, number[label], value, true[place].get(label, 0.0))
            for place, (labels, scores) in enumerate(zip(asked, values, strict=True))
            for label, value in zip(labels, scores, strict=True)
        ]
        rows, labels, found, targets = zip(*pairs, strict=True) if pairs else ((), (), (), ())
        return cls(names, np.array(rows, int), np.array(labels, int), np.array(found, float), np.array(targets, float))

    @property
    def holds(self) -> Flags:
        """Whether the label is true of the row."""
        return self.target >= HOLDS


def best_threshold(decisions: Decisions, default: float) -> float:
    """The threshold in 0.01..0.99 with the greatest micro F1; the nearest to `default` of equal ones."""
    true = decisions.holds
    if not true.any():
        return default
    scores = [_f1(*_counts(decisions.value >= threshold, true)) for threshold in GRID]
    best = np.flatnonzero(np.isclose(scores, max(scores)))
    return float(GRID[best[np.argmin(np.abs(GRID[best] - default))]])


def score_classes(decisions: Decisions, chosen: Flags, *, one: bool) -> dict[str, Any]:
    """Scores of the decisions that `chosen` marks as predicted; `one` says that each row gets exactly one label.

    Returns cls_accuracy (rows whose labels are all right), cls_micro/macro/weighted precision, recall and f1, cls_map
    (mean average precision over labels, multi-label only), cls_ece (expected calibration error, 15 bins: of every
    decision, or of each row's likeliest label) and cls_per_label.
    """
    true = decisions.holds
    per_label = {}
    for number, label in enumerate(decisions.labels):
        here = decisions.label == number
        right, said, held = _counts(chosen[here], true[here])
        if said or held:
            per_label[label] = {**_ratios(right, said, held), "support": held}
    scores: dict[str, Any] = {f"cls_micro_{name}": value for name, value in _ratios(*_counts(chosen, true)).items()}
    weights = [row["support"] for row in per_label.values()]
    for name in ("precision", "recall", "f1"):
        column = [row[name] for row in per_label.values()]
        scores[f"cls_macro_{name}"] = float(np.mean(column)) if column else 0.0
        scores[f"cls_weighted_{name}"] = float(np.average(column, weights=weights)) if sum(weights) else 0.0
    wrong = np.zeros(decisions.row.max(initial=-1) + 1, dtype=bool)
    np.logical_or.at(wrong, decisions.row, chosen != true)
    scores["cls_accuracy"] = float(1 - wrong.mean()) if len(wrong) else 0.0
    if one:
        scores["cls_ece"] = calibration_error(decisions.value[chosen], true[chosen])
    else:
        scores["cls_map"] = mean_average_precision(decisions)
        scores["cls_ece"] = calibration_error(decisions.value, true)
    scores["cls_per_label"] = per_label
    return scores


def score_regression(decisions: Decisions) -> dict[str, Any]:
    """cls_mae, cls_rmse and cls_correlation (Pearson; 0 where either side does not vary) over all decisions."""
    errors = decisions.value - decisions.target
    varies = len(errors) > 1 and decisions.value.std() > 0 and decisions.target.std() > 0
    return {
        "cls_mae": float(np.abs(errors).mean()) if len(errors) else 0.0,
        "cls_rmse": float(np.sqrt((errors**2).mean())) if len(errors) else 0.0,
        "cls_correlation": float(np.corrcoef(decisions.value, decisions.target)[0, 1]) if varies else 0.0,
    }


def mean_average_precision(decisions: Decisions) -> float:
    """The mean over labels that hold anywhere of their average precision, as in scikit-learn (no interpolation)."""
    found = []
    for number in range(len(decisions.labels)):
        here = decisions.label == number
        true, value = decisions.holds[here], decisions.value[here]
        if true.any():
            found.append(_average_precision(true, value))
    return float(np.mean(found)) if found else 0.0


def _average_precision(true: Flags, value: Floats) -> float:
    order = np.argsort(-value, kind="stable")
    true, value = true[order], value[order]
    ends = np.append(np.flatnonzero(np.diff(value)), len(value) - 1)  # equal scores enter together
    right = np.cumsum(true)[ends]
    precision, recall = right / (ends + 1), right / true.sum()
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def calibration_error(confidence: Floats, right: Flags) -> float:
    """Expected calibration error over BINS equal bins of 0..1: the mean gap of confidence and accuracy, by weight."""
    if not len(confidence):
        return 0.0
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = [
        abs(confidence[bins == place].mean() - right[bins == place].mean()) * (bins == place).mean()
        for place in np.unique(bins)
    ]
    return float(sum(gaps))


def _counts(chosen: Flags, true: Flags) -> tuple[int, int, int]:
    return int((chosen & true).sum()), int(chosen.sum()), int(true.sum())


def _f1(right: int, said: int, held: int) -> float:
    return 2 * right / (said + held) if said + held else 0.0


def _ratios(right: int, said: int, held: int) -> dict[str, float]:
    return {
        "precision": right / said if said else 0.0,
        "recall": right / held if held else 0.0,
        "f1": _f1(right, said, held),
    }
