from __future__ import annotations

import copy
from typing import Any

import pytest

from gliexp.data.class_repair import mend_class, plain
from gliexp.data.class_row import ClassRowReader
from gliexp.data.repair import OFFERED, SPACE

NAMES = ClassRowReader().names


@pytest.mark.parametrize(
    ("row", "becomes", "repairs"),
    [
        (
            {"true_labels": [" a"], "all_labels": ["a ", "b"]},
            {"true_labels": ["a"], "all_labels": ["a", "b"]},
            {SPACE: 2},
        ),
        (
            {"true_labels": ["c", "a"], "all_labels": ["a"]},
            {"true_labels": ["c", "a"], "all_labels": ["a", "c"]},
            {OFFERED: 1},
        ),
        (
            {"true_labels": {"c ": 0.3}, "all_labels": ["a"]},
            {"true_labels": {"c": 0.3}, "all_labels": ["a", "c"]},
            {SPACE: 1, OFFERED: 1},
        ),
        ({"true_labels": {"c ": 0.3, "c": 0.4}}, {"true_labels": {"c ": 0.3, "c": 0.4}}, {}),
        ({"true_labels": ["a"], "all_labels": []}, {"true_labels": ["a"], "all_labels": []}, {}),
        ({"true_labels": [3, ""], "all_labels": ["a"]}, {"true_labels": [3, ""], "all_labels": ["a"]}, {}),
        ({"true_labels": "a"}, {"true_labels": "a"}, {}),
    ],
)
def test_what_is_certain_is_mended(row: dict[str, Any], becomes: dict[str, Any], repairs: dict[str, int]) -> None:
    given = copy.deepcopy(row)
    mended = mend_class(row, NAMES)
    assert mended.row == becomes
    assert mended.repairs == repairs
    assert row == given


def test_what_is_no_object_stays() -> None:
    assert mend_class([1], NAMES).row == [1]


@pytest.mark.parametrize("true", [["a", "b"], {"a": 0.5, "b": 1}, []])
def test_a_row_that_is_written_reads_as_before(true: object) -> None:
    row = {"text": "x", "true_labels": true, "all_labels": ["a", "b"], "prompt": "p"}
    example = ClassRowReader().tidy(row).example
    assert ClassRowReader().tidy(plain(example)).example == example
