from __future__ import annotations

import pytest

from gliexp.runs.parallel import ABSENT, Axis, parallel


def test_numbers_lie_as_far_apart_as_they_are() -> None:
    axis = Axis.of_key("warmup", ["0.0", "0.1", "0.4"])
    assert axis.places == pytest.approx((0, 0.25, 1))
    assert [text for _, text in axis.named] == ["0.0", "0.1", "0.4"]


def test_numbers_of_many_sizes_lie_on_a_logarithmic_axis_that_says_so() -> None:
    axis = Axis.of_key("rate", ["1e-5", "1e-3", "1e-4"])
    assert axis.places == pytest.approx((0, 1, 0.5))
    assert "logarithmic" in axis.name


def test_words_lie_apart_and_a_run_without_the_key_is_named() -> None:
    axis = Axis.of_key("mode", ["b", None, "a"])
    assert dict(axis.named) == {0.0: "a", 0.5: "b", 1.0: ABSENT}
    numbers = Axis.of_key("r", ["8", None, "4"])
    assert numbers.places[1] == 0.0
    assert dict(numbers.named)[0.0] == ABSENT
    assert numbers.places[0] == 1.0


def test_where_small_is_good_the_axis_is_turned() -> None:
    assert Axis.of_numbers("eval.loss", [1.0, 3.0], turned=True).places == (1.0, 0.0)


def test_one_value_for_all_lies_in_the_middle() -> None:
    assert Axis.of_key("mode", ["a", "a"]).places == (0.5, 0.5)
    assert Axis.of_key("r", ["4", "4"]).places == (0.5, 0.5)
    assert Axis.of_numbers("f1", [0.5, 0.5]).places == (0.5, 0.5)


def test_names_of_values_leave_one_another_room() -> None:
    axis = Axis.of_key("file", [f"/a/long/path/to/a/file/{number}.jsonl" for number in range(40)])
    assert len(axis.named) <= 6
    assert sum(len(text) for _, text in axis.named) <= 52


def test_the_best_are_drawn_differently_and_named() -> None:
    axes = [Axis.of_key("mode", ["a", "b", "a"]), Axis.of_numbers("f1", [0.9, 0.8, 0.1])]
    (frame,) = parallel("p", "title", axes, [(0, "run 7"), (1, "run 8")]).figure.axes
    strong = [line for line in frame.lines if line.get_label().startswith("run")]
    assert {line.get_linestyle() for line in strong} == {"-", "--"}
    assert [float(x) for x in next(line for line in strong if line.get_label() == "run 7").get_xdata()] == [0.0, 1.0]
