from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gliexp.data.chunking import Chunker, part
from gliexp.data.row import Example
from gliexp.data.windows import Budget, Window, WindowRule

from .chunk_cases import documents, rules, spans, triples


@settings(max_examples=300, deadline=None)
@given(documents(), rules(), st.booleans())
def test_words_and_offsets_map_back_exactly(rows: list[Example], rule: WindowRule, gold: bool) -> None:
    for document, window, example in Chunker(rule).cut(rows, gold=gold).chunks:
        words = rows[document]["tokenized_text"]
        assert example["tokenized_text"] == words[window.start : window.end]
        for first, last, label in example["ner"]:
            whole = (first + window.start, last + window.start, label)
            assert whole in spans(rows[document])
            assert example["tokenized_text"][first : last + 1] == words[whole[0] : whole[1] + 1]
        assert triples(example, window.start) <= triples(rows[document])


@settings(max_examples=300, deadline=None)
@given(documents(), rules(), st.booleans())
def test_gold_chunks_together_are_the_gold_document_up_to_the_overlap(
    rows: list[Example], rule: WindowRule, gold: bool
) -> None:
    chunked = Chunker(rule).cut(rows, gold=gold)
    found: list[set[Any]] = [set() for _ in rows]
    related: list[set[Any]] = [set() for _ in rows]
    for document, window, example in chunked.chunks:
        found[document] |= {(first + window.start, last + window.start, label) for first, last, label in example["ner"]}
        related[document] |= triples(example, window.start)
    for row, entities, relations in zip(rows, found, related, strict=True):
        lost = spans(row) - entities
        assert all(last - first + 1 > rule.overlap for first, last, _ in lost)
        together = {triple for triple in triples(row) if _span(triple) <= rule.overlap}
        assert together <= relations <= triples(row)


def _span(triple: tuple[Any, ...]) -> int:
    head, tail, _ = triple
    return int(max(head[1], tail[1]) - min(head[0], tail[0]) + 1)


@settings(max_examples=100, deadline=None)
@given(documents(), rules())
def test_every_chunk_is_a_right_row_and_comes_out_the_same_again(rows: list[Example], rule: WindowRule) -> None:
    first, again = (Chunker(rule).cut(rows, gold=True) for _ in range(2))
    assert first == again
    for example in (chunk.example for chunk in first.chunks):
        size = len(example["tokenized_text"])
        assert all(0 <= start <= end < size for start, end, _ in example["ner"])
        assert all(max(head, tail) < len(example["ner"]) for head, tail, _ in example.get("relations", ()))


def test_short_rows_are_handed_on_and_long_ones_are_not_changed() -> None:
    short = {"tokenized_text": ["a", "b"], "ner": [[0, 1, "x"]]}
    long = {"tokenized_text": list("abcdef"), "ner": [[0, 1, "x"], [5, 5, "y"]], "ner_labels": ["x", "y"]}
    chunked = Chunker(WindowRule(4, 1)).cut([short, long])
    assert chunked.chunks[0].example == short
    assert long["tokenized_text"] == list("abcdef")
    assert (chunked.cut, chunked.empty, chunked.tight) == (1, 0, 0)
    assert all(chunk.example["ner_labels"] == ["x", "y"] for chunk in chunked.chunks[1:])
    assert [len(windows) for windows in chunked.windows] == [1, 2]


def test_empty_chunks_can_be_left_out_and_are_counted() -> None:
    row = {"tokenized_text": ["w"] * 20, "ner": [[0, 1, "x"]]}
    chunker = Chunker(WindowRule(5, 0))
    chunked = chunker.cut([row], drop_empty=True)
    assert len(chunked.chunks) == 1
    assert chunked.empty == 3
    assert len(chunked.windows[0]) == 4
    assert len(chunker.cut([row]).chunks) == 4


def test_entities_shown_in_part_are_counted_once_a_chunk() -> None:
    row = {"tokenized_text": ["word"] * 12, "ner": [[0, 11, "x"], [2, 9, "y"]]}
    assert Chunker(WindowRule(6, 0)).cut([row]).halved == 4


def test_gold_entities_move_borders_only_where_gold_is_known() -> None:
    row = {"tokenized_text": ["word"] * 20, "ner": [[8, 11, "x"]]}
    assert Chunker(WindowRule(10, 2)).cut([row], gold=True).halved == 0
    assert Chunker(WindowRule(10, 2)).cut([row]).halved == 1


def test_a_relation_whose_ends_share_no_chunk_is_in_none() -> None:
    row = {"tokenized_text": ["w"] * 8, "ner": [[0, 0, "x"], [1, 1, "x"], [7, 7, "x"]]}
    row |= {"relations": [[1, 0, "near"], [0, 2, "far"]]}
    assert part(row, Window(0, 4)) == {
        "tokenized_text": ["w"] * 4,
        "ner": [[0, 0, "x"], [1, 1, "x"]],
        "relations": [[1, 0, "near"]],
    }
    assert part(row, Window(4, 8))["relations"] == []


def test_budgets_are_asked_for_each_row() -> None:
    rows = [{"tokenized_text": ["w"] * 6, "ner": []}, {"tokenized_text": ["v"] * 6, "ner": []}]
    chunker = Chunker(WindowRule(6, 1), lambda row: [Budget([2] * 6, 6 if "v" in row["tokenized_text"] else 12)])
    chunked = chunker.cut(rows)
    assert [len(windows) for windows in chunked.windows] == [1, 3]
    assert chunked.tight == 2  # the last chunk ends with the document
