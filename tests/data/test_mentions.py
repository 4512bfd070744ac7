"""Mentions exchanged in training rows: always a mention of the same label, at the right place, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gliexp.data.mentions import MentionSwap

ROWS: list[dict[str, Any]] = [
    {
        "tokenized_text": ["Ana", "Lima", "met", "Bo", "in", "Faro", "."],
        "ner": [[5, 5, "place"], [0, 1, "person"], [3, 3, "person"]],
    },
    {"tokenized_text": ["Dr", "Rui", "Sá", "left", "."], "ner": [[0, 2, "person"]]},
    {"tokenized_text": ["New", "York", "City", "sleeps"], "ner": [[0, 2, "place"], [1, 1, "city"]]},
]
SEEDS = st.integers(0, 10_000)


def texts(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(" ".join(row["tokenized_text"][start : end + 1]), label) for start, end, label in row["ner"]]


KNOWN = {mention for row in ROWS for mention in texts(row)}


def between(row: dict[str, Any]) -> list[str]:
    inside = {word for start, end, _ in row["ner"] for word in range(start, end + 1)}
    return [word for place, word in enumerate(row["tokenized_text"]) if place not in inside]


@given(SEEDS, SEEDS)
def test_every_mention_is_one_of_the_same_label_and_the_rest_stays(seed, epoch) -> None:
    swapped = MentionSwap(ROWS, 1.0)(ROWS[0], seed=seed, epoch=epoch, index=0)
    assert set(texts(swapped)) <= KNOWN
    assert [label for _, _, label in swapped["ner"]] == ["place", "person", "person"]
    assert between(swapped) == ["met", "in", "."]


def test_many_forms_of_one_row_are_seen_and_the_caller_keeps_its_own() -> None:
    before = [texts(row) for row in ROWS]
    swap = MentionSwap(ROWS, 1.0)
    forms = {tuple(texts(swap(ROWS[0], seed=1, epoch=epoch, index=0))) for epoch in range(40)}
    assert len(forms) > 5
    assert [texts(row) for row in ROWS] == before


def test_the_same_numbers_give_the_same_row() -> None:
    rows = [MentionSwap(ROWS, 1.0)(ROWS[0], seed=3, epoch=2, index=7) for _ in range(2)]
    assert rows[0] == rows[1]


def test_the_probability_is_the_share_of_rows() -> None:
    swap = MentionSwap(ROWS, 0.3)
    changed = sum(swap(ROWS[0], seed=5, epoch=0, index=index)["ner"] is not ROWS[0]["ner"] for index in range(2000))
    assert 0.25 < changed / 2000 < 0.35
    never = MentionSwap(ROWS, 0.0)
    assert all(never(ROWS[0], seed=5, epoch=0, index=index) == ROWS[0] for index in range(200))


@given(SEEDS)
def test_overlapping_entities_are_left_alone(seed) -> None:
    assert MentionSwap(ROWS, 1.0)(ROWS[2], seed=seed, epoch=0, index=2) == ROWS[2]


@given(SEEDS)
def test_nothing_too_wide_or_too_long_comes_in(seed) -> None:
    narrow = MentionSwap(ROWS, 1.0, max_width=2)(ROWS[0], seed=seed, epoch=0, index=0)
    assert all(end - start < 2 for start, end, _ in narrow["ner"])
    short = MentionSwap(ROWS, 1.0, max_words=7)(ROWS[0], seed=seed, epoch=0, index=0)
    assert len(short["tokenized_text"]) <= 7


@given(SEEDS)
def test_relations_still_join_the_entities_of_their_labels(seed) -> None:
    row = {**ROWS[0], "relations": [[1, 0, "is in"]]}
    swapped = MentionSwap([row], 1.0)(row, seed=seed, epoch=0, index=0)
    assert swapped["relations"] == [[1, 0, "is in"]]
    head, tail = (swapped["ner"][number][2] for number in swapped["relations"][0][:2])
    assert (head, tail) == ("person", "place")
