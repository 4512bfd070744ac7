"""What goes into columns comes out again."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gliexp.data.rows import Rows
from gliexp.data.stored import table
from gliexp.data.stored.block import Labels
from gliexp.data.stored.texts import named, texts_of

WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


@st.composite
def entity_rows(draw: Any) -> dict[str, Any]:
    words = draw(st.lists(WORD, min_size=1, max_size=6))
    spans = st.tuples(st.integers(0, len(words) - 1), st.integers(0, len(words) - 1), WORD)
    row: dict[str, Any] = {
        "tokenized_text": words,
        "ner": [[min(a, b), max(a, b), label] for a, b, label in draw(st.lists(spans, max_size=4))],
    }
    if draw(st.booleans()):
        ends = st.integers(0, max(0, len(row["ner"]) - 1))
        most = 2 if row["ner"] else 0
        row["relations"] = [list(one) for one in draw(st.lists(st.tuples(ends, ends, WORD), max_size=most))]
    for key in ("ner_labels", "rel_labels"):
        if draw(st.booleans()):
            row[key] = draw(st.lists(WORD, max_size=3))
    return row


@st.composite
def class_rows(draw: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "text": draw(WORD),
        "true": draw(st.dictionaries(WORD, st.floats(allow_nan=False, allow_infinity=False), max_size=3)),
    }
    if draw(st.booleans()):
        row["all_labels"] = draw(st.lists(WORD, min_size=1, max_size=3))
    if draw(st.booleans()):
        row["prompt"] = draw(WORD)
    if draw(st.booleans()):
        row["examples"] = [{"text": draw(WORD), "labels": draw(st.lists(WORD, max_size=2))}]
    return row


@pytest.mark.parametrize("form", [entity_rows(), class_rows()], ids=["entities", "classes"])
@settings(deadline=None)
@given(data=st.data())
def test_rows_come_back_as_they_went_in(form: Any, data: st.DataObject) -> None:
    given_rows = data.draw(st.lists(form, max_size=7))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "ROWS", 3)
        rows = Rows.of(given_rows)
    assert list(rows) == given_rows
    assert [rows[place] for place in range(len(rows))] == given_rows
    order = data.draw(st.lists(st.integers(0, len(given_rows) - 1), max_size=9)) if given_rows else []
    assert rows.select(order) == [given_rows[place] for place in order]
    assert pickle.loads(pickle.dumps(rows)) == given_rows
    assert rows[1:4] == given_rows[1:4]


@settings(deadline=None)
@given(st.lists(entity_rows(), min_size=1, max_size=5), st.data())
def test_columns_say_what_the_rows_say(given_rows: list[dict[str, Any]], data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "ROWS", 2)
        rows = Rows.of(given_rows)
    order = data.draw(st.lists(st.integers(0, len(given_rows) - 1), max_size=6))
    chosen = rows.select(order)
    plain = [given_rows[place] for place in order]
    assert chosen.lengths.tolist() == [len(row["tokenized_text"]) for row in plain]
    assert chosen.word_sums(lambda words: list(map(len, words))).tolist() == [
        sum(map(len, row["tokenized_text"])) for row in plain
    ]
    spans = chosen.spans()
    assert [
        (row, first, last, spans.labels[label]) for row, first, last, label in zip(*map(list, spans[:4]), strict=True)
    ] == [(place, *entity) for place, row in enumerate(plain) for entity in row["ner"]]
    counts: dict[str, int] = {}
    for row in plain:
        for *_, label in row.get("relations", ()):
            counts[label] = counts.get(label, 0) + 1
    assert {label: count for label, count in chosen.relation_counts().items() if count} == counts
    numbers, sets = chosen.labels
    own = [None if "ner_labels" not in row else tuple(row["ner_labels"]) for row in plain]
    assert [sets[number].entity_offered for number in numbers] == own
    assert [set(sets[number].entity) for number in numbers] == [{item[2] for item in row["ner"]} for row in plain]


def test_windows_hold_the_entities_that_lie_whole_in_them() -> None:
    row = {"tokenized_text": list("abcdef"), "ner": [[0, 1, "x"], [2, 3, "y"], [5, 5, "z"]], "relations": [[1, 2, "r"]]}
    rows = Rows.of([row, row]).windows([0, 1, 1], [0, 2, 0], [6, 6, 3])
    assert list(rows) == [
        row,
        {"tokenized_text": list("cdef"), "ner": [[0, 1, "y"], [3, 3, "z"]], "relations": [[0, 1, "r"]]},
        {"tokenized_text": list("abc"), "ner": [[0, 1, "x"]], "relations": []},
    ]
    spans = rows.spans()
    assert list(zip(spans.row.tolist(), spans.first.tolist(), strict=True)) == [
        (0, 0),
        (0, 2),
        (0, 5),
        (1, 0),
        (1, 3),
        (2, 0),
    ]
    assert rows.lengths.tolist() == [6, 4, 3]
    assert rows.word_sums(lambda words: ["abcdef".index(word) for word in words]).tolist() == [15, 14, 3]
    assert rows.places[1] == "row:1"


def test_a_key_without_a_column_is_kept_too() -> None:
    rows = [{"tokenized_text": ["a"], "ner": [[0, 0, "x"]], "clusters": [[0]]}, {"tokenized_text": ["b"], "ner": []}]
    assert Rows.of(rows) == rows


def test_texts_that_hold_the_mark_between_texts_come_back_too() -> None:
    assert texts_of(named(["a\x1fb", "", "c"]).dictionary) == ["a\x1fb", "", "c"]


def test_labels_make_a_row_of_labels() -> None:
    assert Labels(("x",), ("r",), ("x", "y")).example() == {
        "ner": [[0, 0, "x"]],
        "relations": [[0, 0, "r"]],
        "ner_labels": ["x", "y"],
    }
