from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gliexp.data.chunking import Chunker
from gliexp.data.windows import WindowRule
from gliexp.models.predict import Prediction, Span
from gliexp.training import evaluation
from gliexp.training.evaluation import Evaluation

DOCUMENT = {"tokenized_text": list("abcdefghij"), "ner": [[0, 0, "x"], [5, 5, "x"], [1, 8, "x"]]}
CHUNKS = Chunker(WindowRule(4, 1, respect_sentences=False))


def measure(chunker: Chunker | None) -> Evaluation:
    return Evaluation(["x"], (), threshold=0.5, flat_ner=True, batch_size=2, chunker=chunker)


@pytest.fixture
def finds_a_and_f(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that reads four words and finds the words a and f among them."""

    def predict(_model: Any, rows: Any, *_asked: Any, **_options: Any) -> list[Prediction]:
        shown = [row["tokenized_text"][:4] for row in rows]
        return [
            Prediction(tuple(Span(n, n, "x", 0.9) for n, word in enumerate(words) if word in "af")) for words in shown
        ]

    monkeypatch.setattr("gliexp.models.label_parts.predict", predict)
    monkeypatch.setattr("gliexp.models.documents.predict", predict)


def test_documents_are_scored_against_all_their_entities(finds_a_and_f: None) -> None:
    whole = measure(CHUNKS).score(None, [DOCUMENT])
    assert (whole["ner_micro_precision"], whole["ner_micro_recall"]) == (1.0, pytest.approx(2 / 3))
    cut = measure(None).score(None, [DOCUMENT])
    assert (cut["ner_micro_precision"], cut["ner_micro_recall"]) == (1.0, pytest.approx(1 / 3))
    assert whole["examples"] == cut["examples"] == 1


def test_what_the_model_is_shown_are_rows_or_their_chunks() -> None:
    assert measure(None).shown([DOCUMENT]) == [DOCUMENT]
    assert ["".join(row["tokenized_text"]) for row in measure(CHUNKS).shown([DOCUMENT])] == ["abcd", "defg", "ghij"]


SCORED = [("a", 0.9), ("b", 0.4), ("c", 0.2)]
ABC = {"tokenized_text": list("abc"), "ner": [[0, 0, "x"], [1, 1, "x"]]}


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A model that finds the words of SCORED; the thresholds at which it was asked."""
    asked: list[float] = []

    def predict(_model: Any, rows: Any, *_asked: Any, threshold: float, **_options: Any) -> list[Prediction]:
        asked.append(threshold)
        spans = [Span(n, n, "x", score) for n, (_, score) in enumerate(SCORED) if score > threshold]
        return [Prediction(tuple(spans)) for _ in rows]

    monkeypatch.setattr("gliexp.models.label_parts.predict", predict)
    monkeypatch.setattr(evaluation.architecture, "thresholds_take_away", lambda model: model is None)
    return asked


def test_a_tuned_threshold_is_the_best_of_the_rows_at_hand(scores: list[float]) -> None:
    tuning = replace(measure(None), tune=True)
    metrics, (found,) = tuning.score_predictions(None, [ABC])
    assert metrics["ner_micro_f1"] == 1.0
    assert 0.2 <= metrics["threshold"] < 0.4
    assert [span.start for span in found.entities] == [0, 1]
    assert len(scores) == 1  # all thresholds out of one pass over the rows
    fixed = tuning.tuned(None, [ABC])
    assert (fixed.threshold, fixed.tune) == (metrics["threshold"], False)
    assert measure(None).score(None, [ABC])["ner_micro_f1"] == pytest.approx(2 / 3)


def test_with_relations_the_model_is_asked_at_each_threshold(scores: list[float]) -> None:
    related = replace(measure(None), relation_labels=["r"], tune=True)
    assert 0.2 <= related.tuned("asked anew", [ABC]).threshold < 0.4
    assert len(set(scores)) == len(scores) == 11
    assert related.score("asked anew", [ABC])["threshold"] == 0.5  # while it trains
