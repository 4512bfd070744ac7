"""What a GLiClass answers on rows, scored, and each of its mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gliexp.config.schema.classifier import MULTI
from gliexp.data.classes import usable
from gliexp.errors import Problem, Refusal
from gliexp.models.class_inputs import LabelsTooLong
from gliexp.models.gliclass import Classifier
from gliexp.models.usage import Usage
from gliexp.training.class_evaluation import ClassEvaluation, Classified
from gliexp.training.class_metrics import HOLDS
from gliexp.training.metrics.counts import Counts
from gliexp.training.metrics.mistakes import MISSED, NOTHING, SPURIOUS, WRONG_LABEL

Rows = Sequence[Mapping[str, Any]]
WARM = 2
"""Batches before the clock runs: the first ones pay for allocations."""


class ClassAnswers:
    """Classes of a GLiClass."""

    def __init__(self, classifier: Classifier, usage: Usage, batch_size: int) -> None:
        self.classifier = classifier
        self.usage = usage
        self.batch_size = batch_size
        self.rows: Rows = ()
        self.predictions: list[Classified] = []

    @property
    def evaluation(self) -> ClassEvaluation:
        """How rows are scored under the usage at hand."""
        length = min(self.usage.max_length, self.classifier.positions())
        return ClassEvaluation(
            inputs=self.classifier.inputs(length, self.usage.labels_at_once),
            labels=list(self.usage.class_labels),
            problem=self.classifier.model.config.problem_type,
            threshold=self.usage.threshold,
            tune=False,
            batch_size=self.batch_size,
        )

    def tune(self, rows: Rows) -> None:
        """Take the threshold that is best on `rows`."""
        metrics, _ = replace(self.evaluation, tune=True).score_predictions(self.classifier.model, rows)
        self.usage = replace(self.usage, threshold=metrics.get("threshold", self.usage.threshold))

    def warm_up(self, rows: Rows) -> None:
        """Refuse rows that this model cannot be scored on, and ask about a few without looking at the answers."""
        problem = self.evaluation.problem
        kept, losses = usable(rows, [str(number) for number in range(len(rows))], self.usage.class_labels, problem)
        if len(kept) < len(rows):
            reasons = ", ".join(f"{count} x {reason}" for reason, count in losses.counts.items())
            raise Refusal([Problem("data.test_data", f"rows that cannot be scored as {problem}: {reasons}")])
        self._asked(rows[: WARM * self.batch_size])

    def _asked(self, rows: Rows) -> tuple[dict[str, Any], list[Classified]]:
        try:
            return self.evaluation.score_predictions(self.classifier.model, rows)
        except LabelsTooLong as error:
            raise Refusal([Problem("labels", str(error), "fewer or shorter labels")]) from error

    def score(self, rows: Rows) -> dict[str, Any]:
        """Metrics on `rows`, whose answers are kept."""
        self.rows = rows
        metrics, self.predictions = self._asked(rows)
        return metrics

    def predict_one(self, row: Mapping[str, Any]) -> None:
        """Ask about a single row."""
        replace(self.evaluation, batch_size=1).score_predictions(self.classifier.model, [row])

    def counts(self) -> dict[str, Counts]:
        """Right, said and true by row; regression has none."""
        return counts_of(self.rows, self.predictions, self.evaluation.problem)

    def confusion(self) -> Counter[tuple[str, str]]:
        """Which labels were given where a gold label holds: the right one, one that does not hold, or none."""
        found: Counter[tuple[str, str]] = Counter()
        for gold, said in zip(*_labels(self.rows, self.predictions), strict=True):
            found.update((label, label) for label in gold & said)
            wrong = sorted(said - gold)
            for label in sorted(gold - said):
                found.update([(label, other) for other in wrong] or [(label, NOTHING)])
            if not gold - said:
                found.update((NOTHING, label) for label in wrong)
        return found

    def mistakes(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row whose labels are wrong: what holds, what was given, and the text."""
        for number, (gold, said) in enumerate(zip(*_labels(self.rows, self.predictions), strict=True)):
            if gold == said:
                continue
            kind = WRONG_LABEL if gold - said and said - gold else MISSED if gold - said else SPURIOUS
            text = self.rows[number]["text"]
            yield number, {"kind": kind, "gold": sorted(gold), "predicted": sorted(said), "sentence": text}


def counts_of(rows: Rows, predictions: Sequence[Classified], problem: str | None) -> dict[str, Counts]:
    """Right, said and true labels by row ("cls"); regression has none."""
    if not any(prediction.given for prediction in predictions) and problem != MULTI:
        return {}
    gold, said = _labels(rows, predictions)
    return {"cls": Counts.of([[(label,) for label in row] for row in gold], [[(x,) for x in row] for row in said])}


def _labels(rows: Rows, predictions: Sequence[Classified]) -> tuple[list[set[str]], list[set[str]]]:
    gold = [{label for label, score in row["true"].items() if score >= HOLDS} for row in rows]
    return gold, [set(prediction.given) for prediction in predictions]
