from __future__ import annotations

import pytest

from gliexp.data.balance import CAP, label_weights


def rows(**counts: int) -> list[dict]:
    return [{"tokenized_text": ["w"], "ner": [[0, 0, label]] * count} for label, count in counts.items()]


def test_the_square_root_of_how_much_rarer_a_label_is() -> None:
    assert label_weights(rows(a=100, b=25, c=1), 0.5) == pytest.approx({"a": 1, "b": 2, "c": 10})


def test_one_makes_labels_equal_in_sum_and_zero_leaves_them() -> None:
    counts = {"a": 40, "b": 8}
    weights = label_weights(rows(**counts), 1.0)
    assert {label: weights[label] * count for label, count in counts.items()} == pytest.approx({"a": 40, "b": 40})
    assert set(label_weights(rows(**counts), 0.0).values()) == {1.0}


def test_no_weight_beyond_the_cap() -> None:
    assert label_weights(rows(a=10_000, b=1), 1.0)["b"] == CAP


def test_rows_without_entities_have_no_weights() -> None:
    assert label_weights([{"tokenized_text": ["w"], "ner": []}], 0.5) == {}
