from gliexp.data.crossings import NESTED, OVERLAPPING, SHARED, crossings


def test_disjoint_and_neighbouring_spans_count_for_nothing() -> None:
    assert crossings([[0, 1, "a"], [2, 2, "b"], [3, 5, "a"]]) == {}


def test_inner_spans_are_nested_whatever_border_they_share() -> None:
    assert crossings([[0, 5, "a"], [0, 2, "b"], [3, 5, "b"], [1, 1, "c"]]) == {NESTED: 3}


def test_spans_that_cross_count_both() -> None:
    assert crossings([[0, 3, "a"], [2, 5, "b"], [7, 8, "c"]]) == {OVERLAPPING: 2}


def test_a_span_inside_one_and_across_another_counts_under_both_headings() -> None:
    assert crossings([[0, 9, "a"], [1, 4, "b"], [3, 6, "c"]]) == {NESTED: 2, OVERLAPPING: 2}


def test_one_span_with_two_labels() -> None:
    assert crossings([[4, 5, "a"], [4, 5, "b"], [0, 1, "a"]]) == {SHARED: 2}
