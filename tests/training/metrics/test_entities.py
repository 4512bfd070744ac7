from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

from gliexp.training.metrics import score_entities, score_relations

Span = tuple[int, int, str]
LENGTH = 12


@st.composite
def flat_spans(draw) -> list[Span]:
    spans, at = [], 0
    while at < LENGTH:
        at += draw(st.integers(0, 3))
        end = at + draw(st.integers(0, 2))
        if end < LENGTH:
            spans.append((at, end, draw(st.sampled_from("ABC"))))
        at = end + 1
    return spans


def tags(spans: list[Span]) -> list[str]:
    row = ["O"] * LENGTH
    for start, end, label in spans:
        row[start : end + 1] = [f"B-{label}", *[f"I-{label}"] * (end - start)]
    return row


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(flat_spans(), flat_spans(), st.integers(0, 9)), min_size=1, max_size=4))
def test_flat_entities_score_as_in_seqeval(rows) -> None:
    gold = [row[0] for row in rows]
    predicted = [row[0][: row[2]] if row[2] % 2 else row[1] for row in rows]
    scores = score_entities(gold, predicted)
    if not any(gold) and not any(predicted):
        assert (scores["ner_micro_f1"], scores["ner_per_label"]) == (0.0, {})
        return
    report = classification_report(
        list(map(tags, gold)), list(map(tags, predicted)), mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    for average in ("micro", "macro"):
        for ours, theirs in (("precision", "precision"), ("recall", "recall"), ("f1", "f1-score")):
            assert scores[f"ner_{average}_{ours}"] == pytest.approx(report[f"{average} avg"][theirs])
    for label, row in scores["ner_per_label"].items():
        assert row["f1"] == pytest.approx(report[label]["f1-score"])
        assert row["support"] == report[label]["support"]


def test_nested_and_repeated_entities_count_one_by_one() -> None:
    gold = [[(0, 4, "org"), (0, 0, "city"), (0, 0, "name")]]
    predicted = [[(0, 4, "org"), (0, 4, "org"), (0, 0, "city"), [1, 1, "city"]]]
    scores = score_entities(gold, predicted)
    assert scores["ner_micro_precision"] == 2 / 4
    assert scores["ner_micro_recall"] == 2 / 3
    assert scores["ner_micro_f1"] == pytest.approx(4 / 7)
    assert scores["ner_per_label"]["org"] == {"precision": 0.5, "recall": 1.0, "f1": 2 / 3, "support": 1}
    assert scores["ner_macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_an_entity_of_another_row_is_wrong() -> None:
    assert score_entities([[(0, 0, "a")], []], [[], [(0, 0, "a")]])["ner_micro_f1"] == 0.0


def test_zero_by_zero_is_zero() -> None:
    scores = score_entities([[]], [[]])
    assert {value for key, value in scores.items() if key != "ner_per_label"} == {0.0}
    assert score_relations([[]], [[]], [[]], [[]])["rel_strict_micro_f1"] == 0.0


def test_rows_must_match() -> None:
    with pytest.raises(ValueError, match="number of rows"):
        score_entities([[]], [])


def test_strict_asks_for_entity_labels_and_relaxed_does_not() -> None:
    gold = [[(0, 0, "person"), (2, 2, "city")]]
    predicted = [[(2, 2, "person"), (0, 0, "person")]]  # in another order, the city mislabelled
    scores = score_relations(gold, [[(0, 1, "in")]], predicted, [[(1, 0, "in")]])
    assert scores["rel_strict_micro_f1"] == 0.0
    assert scores["rel_relaxed_micro_f1"] == 1.0
    turned = score_relations(gold, [[(0, 1, "in")]], predicted, [[(0, 1, "in")]])
    assert turned["rel_relaxed_micro_f1"] == 0.0


def test_an_index_that_names_no_entity_is_an_error() -> None:
    for index in (-1, 1):
        with pytest.raises(IndexError):
            score_relations([[(0, 0, "a")]], [[(index, 0, "r")]], [[]], [[]])


ENTITIES = st.lists(st.tuples(st.integers(0, 2), st.integers(3, 4), st.sampled_from("AB")), min_size=1, max_size=4)
RELATIONS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from("rs")), max_size=5)


@given(st.lists(st.tuples(ENTITIES, RELATIONS, ENTITIES, RELATIONS), max_size=3))
def test_relations_recounted_over_every_possible_fact(rows) -> None:
    def bounded(relations, entities):
        return [(h % len(entities), t % len(entities), label) for h, t, label in relations]

    columns = [
        list(column) for column in zip(*((a, bounded(b, a), c, bounded(d, c)) for a, b, c, d in rows), strict=True)
    ]
    scores = score_relations(*columns or [[], [], [], []])
    for mode, ends in (
        ("strict", list(product(range(3), range(3, 5), "AB"))),
        ("relaxed", list(product(range(3), range(3, 5)))),
    ):
        width, hits, said, true = len(ends[0]), 0, 0, 0
        for (gold, gold_rel, predicted, predicted_rel), head, tail, label in product(
            zip(*columns, strict=True), ends, ends, "rs"
        ):
            in_gold = any((gold[h][:width], gold[t][:width], n) == (head, tail, label) for h, t, n in gold_rel)
            in_predicted = any(
                (predicted[h][:width], predicted[t][:width], n) == (head, tail, label) for h, t, n in predicted_rel
            )
            hits, said, true = hits + (in_gold and in_predicted), said + in_predicted, true + in_gold
        assert scores[f"rel_{mode}_micro_precision"] == pytest.approx(hits / said if said else 0)
        assert scores[f"rel_{mode}_micro_recall"] == pytest.approx(hits / true if true else 0)
