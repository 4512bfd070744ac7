from __future__ import annotations

from gliexp.training.metrics.thresholds import GRID, Scored, best

A, B, C = (0, 0, "x"), (1, 1, "x"), (2, 2, "x")


def test_scores_above_a_threshold() -> None:
    scored = Scored.of([[A, B]], [[(A, 0.9), (C, 0.6), (B, 0.3)]])
    assert scored.at(0.2)[1:] == (2 / 3, 1.0, 0.8)
    assert scored.at(0.5)[1:] == (0.5, 0.5, 0.5)
    assert scored.at(0.9)[1:] == (0.0, 0.0, 0.0)
    assert [point.threshold for point in scored.curve()] == list(GRID)


def test_the_same_entity_twice_is_right_once() -> None:
    assert Scored.of([[A]], [[(A, 0.9), (A, 0.8)]]).at(0.5).precision == 0.5


def test_the_best_threshold_is_the_nearest_to_the_default_of_equal_ones() -> None:
    scored = Scored.of([[A, B]], [[(A, 0.9), (B, 0.7), (C, 0.2)]])
    assert best(lambda t: scored.at(t).f1, 0.5) == 0.5
    assert best(lambda t: scored.at(t).f1, 0.95) == 0.69
    assert best(lambda t: scored.at(t).f1, 0.05) == 0.2
    assert best(lambda _: 0.0, 0.42) == 0.42
