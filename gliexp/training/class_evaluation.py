"""Scores a classifier on rows, each asked about its own labels or the run's fixed set."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gliexp.config.schema.classifier import MULTI, REGRESSION
from gliexp.data.classes import offered
from gliexp.models import classify
from gliexp.models.class_inputs import ClassInputs
from gliexp.training.class_metrics import Decisions, best_threshold, score_classes, score_regression

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Classified:
    """One row's labels with what the model says of each, and those that it is given."""

    labels: list[str]
    values: list[float]
    given: list[str]


@dataclass(frozen=True)
class ClassEvaluation:
    """How a split is scored; with `tune`, by the threshold that is best on the rows at hand."""

    inputs: ClassInputs
    labels: Sequence[str]
    problem: str | None
    threshold: float
    tune: bool
    batch_size: int

    def score(self, model: Any, rows: Rows) -> dict[str, Any]:
        """Metrics of `model` on `rows` by design name (cls_micro_f1 …), fractions in 0..1."""
        return self.score_predictions(model, rows)[0]

    def score_predictions(
        self, model: Any, rows: Rows, threshold: float | None = None
    ) -> tuple[dict[str, Any], list[Classified]]:
        """The same with the predictions, in the order of the rows; `threshold` outweighs the tuned one."""
        started = time.perf_counter()
        asked = [offered(row, self.labels) for row in rows]
        raw = classify.logits(model, self.inputs, rows, asked, self.batch_size)
        seconds = time.perf_counter() - started
        values = [classify.meaning(scores, self.problem) for scores in raw]
        decisions = Decisions.of([row["true"] for row in rows], asked, [row.tolist() for row in values])
        cut = threshold if threshold is not None else self.threshold
        if threshold is None and self.tune and self.problem == MULTI:
            cut = best_threshold(decisions, self.threshold)
        given = [classify.chosen(row, self.problem, cut) for row in values]
        metrics = self._scores(decisions, given, asked)
        if self.problem == MULTI:
            metrics["threshold"] = cut
        metrics["examples"] = len(rows)
        metrics["examples_per_second"] = len(rows) / seconds if seconds > 0 else 0.0
        found = [
            Classified(labels, row.tolist(), [labels[number] for number in numbers])
            for labels, row, numbers in zip(asked, values, given, strict=True)
        ]
        return metrics, found

    def _scores(self, decisions: Decisions, given: Sequence[list[int]], asked: Sequence[list[str]]) -> dict[str, Any]:
        if self.problem == REGRESSION or (self.problem is None and all(len(labels) == 1 for labels in asked)):
            return score_regression(decisions)
        flags = [np.isin(np.arange(len(labels)), numbers) for labels, numbers in zip(asked, given, strict=True)]
        chosen = np.concatenate(flags) if flags else np.zeros(0, dtype=bool)
        return score_classes(decisions, chosen, one=self.problem != MULTI)
