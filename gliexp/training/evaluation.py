"""Scores a model on rows with one fixed label set, the same for every row and every epoch."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gliexp.data.chunking import Chunker
from gliexp.models.documents import predict_documents
from gliexp.models.predict import Prediction, predict
from gliexp.training.metrics import score_entities, score_relations

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Evaluation:
    """How a split is scored: the labels offered on each row, the threshold, flat or nested decoding, the batch.

    With a `chunker` rows are predicted in chunks and scored as they are, with all their entities.
    """

    entity_labels: Sequence[str]
    relation_labels: Sequence[str]
    threshold: float
    flat_ner: bool
    batch_size: int
    chunker: Chunker | None = None

    def score(self, model: Any, rows: Rows) -> dict[str, Any]:
        """Metrics of `model` on `rows` by design name (ner_micro_f1, rel_strict_micro_f1 …), fractions in 0..1."""
        return self.score_predictions(model, rows)[0]

    def shown(self, rows: Rows) -> Rows:
        """The rows as the model is shown them: themselves, or their chunks."""
        return rows if self.chunker is None else [chunk.example for chunk in self.chunker.cut(rows).chunks]

    def predict(self, model: Any, rows: Rows) -> list[Prediction]:
        """What `model` finds in the rows, in their order and positions."""
        asked = (self.entity_labels, self.relation_labels or None)
        options: dict[str, Any] = {
            "threshold": self.threshold,
            "flat_ner": self.flat_ner,
            "batch_size": self.batch_size,
        }
        if self.chunker is None:
            return predict(model, rows, *asked, **options)
        return predict_documents(model, rows, self.chunker, *asked, **options)

    def score_predictions(self, model: Any, rows: Rows) -> tuple[dict[str, Any], list[Prediction]]:
        """The same with the predictions, in the order of the rows."""
        started = time.perf_counter()
        predictions = self.predict(model, rows)
        seconds = time.perf_counter() - started
        found = [[(span.start, span.end, span.label) for span in prediction.entities] for prediction in predictions]
        metrics = score_entities([row["ner"] for row in rows], found)
        if self.relation_labels:
            metrics |= _relations(rows, predictions)
            metrics["joint_micro_f1"] = (metrics["ner_micro_f1"] + metrics["rel_strict_micro_f1"]) / 2
        metrics["threshold"] = self.threshold
        metrics["examples"] = len(rows)
        metrics["examples_per_second"] = len(rows) / seconds if seconds > 0 else 0.0
        return metrics, predictions


def _relations(rows: Rows, predictions: Sequence[Prediction]) -> dict[str, Any]:
    found = []
    for prediction in predictions:
        place = {id(span): number for number, span in enumerate(prediction.entities)}
        found.append([(place[id(one.head)], place[id(one.tail)], one.label) for one in prediction.relations])
    return score_relations(
        [row["ner"] for row in rows],
        [row.get("relations", ()) for row in rows],
        [[(span.start, span.end, span.label) for span in prediction.entities] for prediction in predictions],
        found,
    )
