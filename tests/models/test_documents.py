from __future__ import annotations

from typing import Any

import pytest
from data.chunk_cases import documents, rules, spans, triples
from hypothesis import given, settings
from hypothesis import strategies as st

from gliexp.data.chunking import Chunker
from gliexp.data.row import Example
from gliexp.data.windows import Window, WindowRule
from gliexp.models import gliner
from gliexp.models.documents import Part, gather, merge, predict_documents
from gliexp.models.predict import Prediction, Relation, Span, predict

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn


def as_found(row: Example) -> Prediction:
    """A prediction that finds exactly what the row says."""
    entities = tuple(Span(first, last, label, 1.0) for first, last, label in row["ner"])
    relations = (Relation(entities[head], entities[tail], label, 1.0) for head, tail, label in row.get("relations", ()))
    return Prediction(entities, tuple(relations))


def entities_of(prediction: Prediction) -> set[tuple[int, int, str]]:
    return {(span.start, span.end, span.label) for span in prediction.entities}


def triples_of(prediction: Prediction) -> set[Any]:
    ends = [[(end.start, end.end, end.label) for end in (one.head, one.tail)] for one in prediction.relations]
    return {(*pair, one.label) for pair, one in zip(ends, prediction.relations, strict=True)}


@settings(max_examples=300, deadline=None)
@given(documents(), rules(), st.booleans())
def test_what_chunks_hold_of_the_gold_is_gathered_once_and_in_its_place(
    rows: list[Example], rule: WindowRule, gold: bool
) -> None:
    chunks = Chunker(rule).cut(rows, gold=gold).chunks
    for number, row in enumerate(rows):
        own = [chunk for chunk in chunks if chunk.document == number]
        held = {
            entity
            for entity in spans(row)
            if entity[1] - entity[0] < rule.overlap or any(chunk.window.holds(*entity[:2]) for chunk in own)
        }
        found = gather(Part(chunk.window, as_found(chunk.example)) for chunk in own)
        assert entities_of(found) == held
        assert len(found.entities) == len(held)
        assert triples_of(found) <= triples(row)
        assert all(one.head in found.entities and one.tail in found.entities for one in found.relations)


@settings(max_examples=300, deadline=None)
@given(documents(), st.booleans(), st.data())
def test_merging_the_gold_chunks_gives_the_gold_document(rows: list[Example], gold: bool, data: Any) -> None:
    """A document without overlapping entities, with an overlap of its widest entity or relation."""
    row = _flat(rows[0])
    reach = [last - first + 1 for first, last, _ in row["ner"]]
    reach += [max(a[1], b[1]) - min(a[0], b[0]) + 1 for a, b, _ in triples(row)]
    overlap = max(reach, default=0)
    rule = WindowRule(overlap + data.draw(st.integers(1, 20)), overlap)
    parts = [Part(chunk.window, as_found(chunk.example)) for chunk in Chunker(rule).cut([row], gold=gold).chunks]
    merged = merge(parts, flat_ner=True)
    assert entities_of(merged) == spans(row)
    assert triples_of(merged) == triples(row)


def _flat(row: Example) -> Example:
    """The row without the entities that overlap earlier ones."""
    kept: list[int] = []
    for index, (first, last, _) in enumerate(row["ner"]):
        if all(first > row["ner"][other][1] or last < row["ner"][other][0] for other in kept):
            kept.append(index)
    relations = [
        [kept.index(head), kept.index(tail), label]
        for head, tail, label in row.get("relations", ())
        if head in kept and tail in kept
    ]
    return {**row, "ner": [row["ner"][index] for index in kept], "relations": relations}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8), st.sampled_from("ab"), st.floats(0, 1)), max_size=25))
def test_merged_predictions_obey_flat_ner_and_nested_ones_do_not_cross(found: list[Any]) -> None:
    parts = [
        Part(Window(start, start + 9), Prediction((Span(0, width, label, score),)))
        for start, width, label, score in found
    ]
    for flat in (True, False):
        merged = merge(parts, flat_ner=flat).entities
        for number, one in enumerate(merged):
            for other in merged[number + 1 :]:
                assert one.end < other.start or (not flat and _nested(one, other))
        if found:
            assert max(span.score for span in merged) == max(score for *_, score in found)


def _nested(one: Span, other: Span) -> bool:
    inside = (one.start <= other.start and other.end <= one.end) or (other.start <= one.start and one.end <= other.end)
    return inside and (one.start, one.end) != (other.start, other.end)


def test_the_higher_score_wins_and_relations_go_with_their_ends() -> None:
    low, high = Span(4, 5, "x", 0.6, ("low",)), Span(1, 2, "x", 0.9, ("high",))
    rival, friend = Span(5, 6, "y", 0.7), Span(5, 5, "y", 0.5)
    parts = [
        Part(Window(0, 7), Prediction((low, rival), (Relation(low, rival, "r", 0.4), Relation(rival, low, "r", 0.3)))),
        Part(Window(3, 9), Prediction((high, friend), (Relation(high, friend, "r", 0.8),))),
    ]
    merged = merge(parts, flat_ner=True)
    assert merged.entities == (Span(4, 5, "x", 0.9, ("high",)), Span(8, 8, "y", 0.5))
    assert merged.relations == (Relation(merged.entities[0], merged.entities[1], "r", 0.8),)
    again = merge(list(reversed(parts)), flat_ner=True)
    assert again == merged


def test_the_same_relation_of_two_chunks_is_one_with_the_higher_score() -> None:
    def pair(offset: int, score: float) -> Prediction:
        ends = Span(4 - offset, 4 - offset, "x", 0.9), Span(5 - offset, 5 - offset, "x", 0.9)
        return Prediction(ends, (Relation(*ends, "r", score),))

    merged = merge([Part(Window(0, 6), pair(0, 0.6)), Part(Window(3, 9), pair(3, 0.8))], flat_ner=True)
    assert [one.score for one in merged.relations] == [0.8]


@pytest.fixture(scope="module")
def trained(values: Any, collated: Any) -> Any:
    model: Any = gliner.build(values("relex_span_dot"), seed=1)
    learn(model, collated(model), steps=60)
    return model


def test_a_document_of_several_rows_is_found_beyond_max_len(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that the model knows, one after the other: windows of their size find what whole rows do, and relations."""
    monkeypatch.setattr(trained.config, "max_len", 6)
    document: Example = {"tokenized_text": [*ROWS[0]["tokenized_text"], *ROWS[1]["tokenized_text"]] * 3, "ner": []}
    options: dict[str, Any] = {"threshold": 0.3, "flat_ner": True, "batch_size": 4}
    chunker = Chunker(WindowRule(6, 0, respect_sentences=False))
    (whole,) = predict_documents(trained, [document], chunker, ENTITY_TYPES, RELATION_TYPES, **options)
    rows = predict(trained, ROWS[:2], ENTITY_TYPES, RELATION_TYPES, **options)
    wanted = [
        (span.start + 6 * number, span.end + 6 * number, span.label)
        for number in range(6)
        for span in rows[number % 2].entities
    ]
    assert [(span.start, span.end, span.label) for span in whole.entities] == wanted
    assert len(whole.relations) == 3 * sum(len(row.relations) for row in rows)
    (cut,) = predict(trained, [document], ENTITY_TYPES, RELATION_TYPES, **options)
    assert len(cut.entities) < len(whole.entities)
    assert predict_documents(trained, ROWS, Chunker(WindowRule(50, 5)), ENTITY_TYPES, RELATION_TYPES, **options) == (
        predict(trained, ROWS, ENTITY_TYPES, RELATION_TYPES, **options)
    )
