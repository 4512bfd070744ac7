"""What a GLiNER answers on rows, scored, and each of its mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gliexp.data.chunking import Chunker
from gliexp.data.labels import Offered
from gliexp.models.predict import Prediction
from gliexp.models.usage import Usage
from gliexp.training.evaluation import Evaluation, facts_of
from gliexp.training.metrics.counts import Counts
from gliexp.training.metrics.entities import entity_counts
from gliexp.training.metrics.mistakes import MISSED, RIGHT, SPURIOUS, Match, confusion, matches

Rows = Sequence[Mapping[str, Any]]
WARM = 2
"""Batches before the clock runs: the first ones pay for allocations."""


class EntityAnswers:
    """Entities and relations of a GLiNER. `chunker` cuts rows where they are read in chunks; `parts` are the labels."""

    def __init__(
        self, model: Any, usage: Usage, batch_size: int, chunker: Chunker | None, parts: Sequence[Offered] = ()
    ) -> None:
        self.model = model
        self.usage = usage
        self.batch_size = batch_size
        self.chunker = chunker
        self.parts = parts
        self.rows: Rows = ()
        self.predictions: list[Prediction] = []

    @property
    def evaluation(self) -> Evaluation:
        """How rows are scored under the usage at hand."""
        usage = self.usage
        return Evaluation(
            usage.entity_labels,
            usage.relation_labels,
            usage.threshold,
            usage.flat_ner,
            self.batch_size,
            self.chunker,
            parts=self.parts,
        )

    def tune(self, rows: Rows) -> None:
        """Take the threshold that is best on `rows`."""
        self.usage = replace(self.usage, threshold=self.evaluation.tuned(self.model, rows).threshold)

    def warm_up(self, rows: Rows) -> None:
        """Ask about a few rows without looking at the answers."""
        self.evaluation.predict(self.model, rows[: WARM * self.batch_size])

    def score(self, rows: Rows) -> dict[str, Any]:
        """Metrics on `rows`, whose answers are kept."""
        self.rows = rows
        metrics, self.predictions = self.evaluation.score_predictions(self.model, rows)
        return metrics

    def predict_one(self, row: Mapping[str, Any]) -> None:
        """Ask about a single row."""
        replace(self.evaluation, batch_size=1).predict(self.model, [row])

    def counts(self) -> dict[str, Counts]:
        """Right, said and true by row, of entities and where there are any of relations (strict)."""
        return counts_of(self.rows, self.predictions, relations=bool(self.usage.relation_labels))

    def _matches(self) -> list[list[Match]]:
        return [matches(row["ner"], spans) for row, spans in zip(self.rows, _spans(self.predictions), strict=True)]

    def confusion(self) -> Counter[tuple[str, str]]:
        """How often a gold label was given which label."""
        return confusion(self._matches())

    def mistakes(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each wrong or missing entity and relation, with the number of its row and its sentence."""
        gold, said = _facts(self.rows, self.predictions) if self.usage.relation_labels else ([], [])
        for number, of_row in enumerate(self._matches()):
            words = self.rows[number]["tokenized_text"]
            scores = {(span.start, span.end, span.label): span.score for span in self.predictions[number].entities}
            sentence = " ".join(words)
            for match in of_row:
                if match.kind != RIGHT:
                    held = _shown(match.gold, words) if match.gold else None
                    given = _shown(match.predicted, words) if match.predicted else None
                    if given is not None and match.predicted is not None:
                        given["score"] = scores[match.predicted]
                    yield number, {"kind": match.kind, "gold": held, "predicted": given, "sentence": sentence}
            if gold:
                for kind, facts in ((MISSED, gold[number] - said[number]), (SPURIOUS, said[number] - gold[number])):
                    for head, tail, label in sorted(facts):
                        one = {"head": _shown(head, words), "tail": _shown(tail, words), "label": label}
                        side = {"gold": one, "predicted": None} if kind == MISSED else {"gold": None, "predicted": one}
                        yield number, {"kind": f"{kind} relation", **side, "sentence": sentence}


def counts_of(rows: Rows, predictions: Sequence[Prediction], *, relations: bool) -> dict[str, Counts]:
    """Right, said and true by row, of entities ("ner") and, if wanted, of relations ("rel", strict)."""
    found = {"ner": entity_counts([row["ner"] for row in rows], _spans(predictions))}
    if relations:
        found["rel"] = Counts.of(*_facts(rows, predictions))
    return found


def _facts(rows: Rows, predictions: Sequence[Prediction]) -> tuple[list[set[Any]], list[set[Any]]]:
    gold = [
        {(tuple(row["ner"][head]), tuple(row["ner"][tail]), label) for head, tail, label in row.get("relations", ())}
        for row in rows
    ]
    return gold, [facts_of(prediction) for prediction in predictions]


def _spans(predictions: Sequence[Prediction]) -> list[list[tuple[int, int, str]]]:
    return [[(span.start, span.end, span.label) for span in prediction.entities] for prediction in predictions]


def _shown(span: Sequence[Any], words: Sequence[str]) -> dict[str, Any]:
    start, end, label = span
    return {"start": start, "end": end, "label": label, "text": " ".join(words[start : end + 1])}
