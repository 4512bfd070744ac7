"""Scores a model on rows with one fixed label set, the same for every row and every epoch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from gliexp.data.chunking import Chunker
from gliexp.data.labels import Offered
from gliexp.models import architecture
from gliexp.models.label_parts import predict_in_parts
from gliexp.models.predict import Prediction
from gliexp.training.metrics import score_entities, score_relations
from gliexp.training.metrics.thresholds import LOWEST, Point, Scored, best

Rows = Sequence[Mapping[str, Any]]
Fact = tuple[tuple[int, int, str], tuple[int, int, str], str]

COARSE_GRID = tuple(number / 10 for number in range(1, 10))
"""Thresholds that other models are tried at, then STEP to both sides of the best: each asks it anew."""
STEP = 0.05


@dataclass(frozen=True)
class Evaluation:
    """How a split is scored: the labels offered on each row, the threshold, flat or nested decoding, the batch.

    With a `chunker` rows are predicted in chunks and scored as they are, with all their entities. With `parts` the
    labels are asked about part by part. With `tune`, models
    whose answers at one threshold tell those at all others are scored at the one that is best on the rows at hand.
    """

    entity_labels: Sequence[str]
    relation_labels: Sequence[str]
    threshold: float
    flat_ner: bool
    batch_size: int
    chunker: Chunker | None = None
    tune: bool = False
    parts: Sequence[Offered] = ()

    def score(self, model: Any, rows: Rows) -> dict[str, Any]:
        """Metrics of `model` on `rows` by design name (ner_micro_f1, rel_strict_micro_f1 …), fractions in 0..1."""
        return self.score_predictions(model, rows)[0]

    def shown(self, rows: Rows) -> Rows:
        """The rows as the model is shown them: themselves, or their chunks."""
        return rows if self.chunker is None else [chunk.example for chunk in self.chunker.cut(rows).chunks]

    def predict(self, model: Any, rows: Rows) -> list[Prediction]:
        """What `model` finds in the rows, in their order and positions."""
        whole = Offered(list(self.entity_labels), list(self.relation_labels))
        return predict_in_parts(
            model,
            rows,
            self.parts or (whole,),
            self.chunker,
            threshold=self.threshold,
            flat_ner=self.flat_ner,
            batch_size=self.batch_size,
        )

    def score_predictions(self, model: Any, rows: Rows) -> tuple[dict[str, Any], list[Prediction]]:
        """The same with the predictions, in the order of the rows."""
        metrics, predictions, _ = self.score_all(model, rows, curve=False)
        return metrics, predictions

    def score_all(
        self, model: Any, rows: Rows, *, curve: bool = True
    ) -> tuple[dict[str, Any], list[Prediction], list[Point]]:
        """The same, and where one pass over the rows tells them the scores at every threshold (else none)."""
        lowest = min(LOWEST, self.threshold)
        whole = (self.tune or curve) and architecture.thresholds_take_away(model)
        started = time.perf_counter()
        predictions = (replace(self, threshold=lowest) if whole else self).predict(model, rows)
        seconds = time.perf_counter() - started
        threshold, points = self.threshold, list[Point]()
        if whole:
            scored = _scored(rows, predictions)
            points = scored.curve() if curve else []
            threshold = best(lambda at: scored.at(at).f1, self.threshold) if self.tune else self.threshold
            predictions = [_above(prediction, threshold) for prediction in predictions]
        metrics = score_entities([row["ner"] for row in rows], _spans(predictions))
        if self.relation_labels:
            metrics |= _relations(rows, predictions)
            metrics["joint_micro_f1"] = (metrics["ner_micro_f1"] + metrics["rel_strict_micro_f1"]) / 2
        metrics["threshold"] = threshold
        metrics["examples"] = len(rows)
        metrics["examples_per_second"] = len(rows) / seconds if seconds > 0 else 0.0
        return metrics, predictions, points

    def scored(self, model: Any, rows: Rows) -> Scored:
        """Every entity that the model finds from the lowest threshold on, for curves."""
        return _scored(rows, replace(self, threshold=LOWEST).predict(model, rows))

    def tuned(self, model: Any, rows: Rows) -> Evaluation:
        """The same at the threshold with the greatest micro F1 on `rows`; with relations, the greatest mean of both."""
        if architecture.thresholds_take_away(model):
            scored = self.scored(model, rows)
            threshold = best(lambda at: scored.at(at).f1, self.threshold)
            return replace(self, threshold=threshold, tune=False)

        @cache
        def joint(threshold: float) -> float:
            metrics = replace(self, threshold=threshold, tune=False).score(model, rows)
            return float(metrics.get("joint_micro_f1", metrics["ner_micro_f1"]))

        near = best(joint, self.threshold, COARSE_GRID)
        around = [round(near + step, 2) for step in (-STEP, 0, STEP)]
        return replace(self, threshold=best(joint, self.threshold, around), tune=False)


def facts_of(prediction: Prediction) -> set[Fact]:
    """The relations of a prediction as (head, tail, label), each end (start, end, label)."""
    return {
        ((one.head.start, one.head.end, one.head.label), (one.tail.start, one.tail.end, one.tail.label), one.label)
        for one in prediction.relations
    }


def _scored(rows: Rows, predictions: Sequence[Prediction]) -> Scored:
    found = [[((span.start, span.end, span.label), span.score) for span in one.entities] for one in predictions]
    return Scored.of([row["ner"] for row in rows], found)


def _above(prediction: Prediction, threshold: float) -> Prediction:
    return Prediction(tuple(span for span in prediction.entities if span.score > threshold))


def _spans(predictions: Sequence[Prediction]) -> list[list[tuple[int, int, str]]]:
    return [[(span.start, span.end, span.label) for span in prediction.entities] for prediction in predictions]


def _relations(rows: Rows, predictions: Sequence[Prediction]) -> dict[str, Any]:
    found = []
    for prediction in predictions:
        place = {id(span): number for number, span in enumerate(prediction.entities)}
        found.append([(place[id(one.head)], place[id(one.tail)], one.label) for one in prediction.relations])
    return score_relations(
        [row["ner"] for row in rows],
        [row.get("relations", ()) for row in rows],
        _spans(predictions),
        found,
        [row.get("clusters") for row in rows],
    )
