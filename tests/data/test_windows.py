from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gliexp.data.windows import Budget, Window, WindowRule

WORDS = st.lists(st.sampled_from(["a", "Lei", "art", "nº", ".", "!", ")", "12", "Recurso"]), min_size=1, max_size=120)


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Words, a rule, gold entities of any width (they may overlap), and perhaps a budget."""
    words = draw(WORDS)
    size = len(words)
    max_words = draw(st.integers(1, 40))
    rule = WindowRule(max_words, draw(st.integers(0, max_words - 1)), draw(st.booleans()))
    ends = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))
    entities = [[min(pair), max(pair), "x"] for pair in draw(st.lists(ends, max_size=12))]
    costs = draw(st.lists(st.integers(0, 4), min_size=size, max_size=size))
    budgets = [Budget(costs, draw(st.integers(0, 60)))] if draw(st.booleans()) else []
    return {"words": words, "rule": rule, "entities": entities, "budgets": budgets}


def windows(case: dict[str, Any]) -> list[Window]:
    found: list[Window] = case["rule"].windows(case["words"], case["entities"], case["budgets"])
    return found


@settings(max_examples=400, deadline=None)
@given(cases())
def test_windows_cover_the_document_in_order_and_share_the_overlap(case: dict[str, Any]) -> None:
    found, size, rule = windows(case), len(case["words"]), case["rule"]
    assert (found[0].start, found[-1].end) == (0, size)
    for one, other in pairwise(found):
        assert one.start < other.start
        assert one.end < other.end
        assert one.end - other.start >= rule.overlap
    assert all(0 < end - start <= rule.max_words for start, end in found)


@settings(max_examples=400, deadline=None)
@given(cases())
def test_no_span_within_the_overlap_is_lost(case: dict[str, Any]) -> None:
    found, size, overlap = windows(case), len(case["words"]), case["rule"].overlap
    for width in range(1, min(overlap, size) + 1):
        for first in range(size - width + 1):
            assert any(window.holds(first, first + width - 1) for window in found)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_a_window_keeps_its_budget_or_is_one_word_longer_than_the_overlap(case: dict[str, Any]) -> None:
    for budget in case["budgets"]:
        for start, end in windows(case):
            spent = sum(budget.costs[start:end])
            assert spent <= budget.room or end - start <= case["rule"].overlap + 1


@settings(max_examples=200, deadline=None)
@given(cases())
def test_better_borders_cost_at_most_four_times_the_windows(case: dict[str, Any]) -> None:
    if case["budgets"]:
        return
    step = case["rule"].max_words - case["rule"].overlap
    plain = max(1, -(-(len(case["words"]) - case["rule"].overlap) // step))
    assert len(windows(case)) <= 4 * plain


def test_a_document_that_fits_is_one_window() -> None:
    assert WindowRule(5, 2).windows(["a", ".", "B", "c", "d"]) == [Window(0, 5)]


def test_without_sentences_and_entities_windows_are_as_long_as_may_be() -> None:
    rule = WindowRule(10, 4, respect_sentences=False)
    assert rule.windows(["w"] * 22) == [Window(0, 10), Window(6, 16), Window(12, 22)]


def test_borders_move_to_sentence_ends_that_are_near() -> None:
    words = ["word"] * 40
    words[17:19] = [".", "Then"]
    assert WindowRule(20, 4).windows(words)[0] == Window(0, 18)
    assert WindowRule(20, 4, respect_sentences=False).windows(words)[0] == Window(0, 20)
    far = ["word"] * 40
    far[8:10] = [".", "Then"]
    assert WindowRule(20, 4).windows(far)[0] == Window(0, 20)


def test_borders_move_away_from_entities_and_a_sentence_end_does_not_outweigh_that() -> None:
    words = ["word"] * 40
    words[17:19] = [".", "Then"]
    found = WindowRule(20, 4).windows(words, [[16, 21, "law"]])
    assert found[0] == Window(0, 16)
    assert all(not (window.start <= 16 < window.end < 22) for window in found)


def test_an_entity_across_a_start_is_begun_whole() -> None:
    found = WindowRule(20, 4, respect_sentences=False).windows(["word"] * 60, [[15, 17, "law"]])
    assert found[1].start == 15


def test_budgets_shorten_windows() -> None:
    found = WindowRule(10, 2, respect_sentences=False).windows(["w"] * 20, budgets=[Budget([2] * 20, 10)])
    assert all(end - start <= 5 for start, end in found)
