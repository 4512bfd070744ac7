"""Against scikit-learn, on label sets that differ by row."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from gliexp.training.class_metrics import (
    Decisions,
    best_threshold,
    calibration_error,
    score_classes,
    score_regression,
)

LABELS = ["a", "b", "c", "d"]


@pytest.fixture
def drawn():
    draw = np.random.default_rng(3)
    true = [{label: 1.0 for label in LABELS if draw.random() < 0.4} for _ in range(60)]
    values = [[float(draw.random()) for _ in LABELS] for _ in true]
    return true, values


def test_as_in_scikit_learn(drawn):
    true, values = drawn
    decisions = Decisions.of(true, [LABELS] * len(true), values)
    scores = score_classes(decisions, decisions.value >= 0.5, one=False)
    gold = np.array([[label in row for label in LABELS] for row in true])
    found = np.array(values) >= 0.5
    for kind in ("micro", "macro", "weighted"):
        assert scores[f"cls_{kind}_f1"] == pytest.approx(f1_score(gold, found, average=kind))
    assert scores["cls_accuracy"] == pytest.approx((gold == found).all(axis=1).mean())
    wanted = average_precision_score(gold, np.array(values), average="macro")
    assert scores["cls_map"] == pytest.approx(wanted)


def test_what_a_row_is_not_asked_about_counts_nowhere():
    one = Decisions.of([{"a": 1.0}, {"c": 1.0}], [["a", "b"], ["c"]], [[0.9, 0.1], [0.9]])
    scores = score_classes(one, one.value >= 0.5, one=False)
    assert scores["cls_micro_f1"] == scores["cls_accuracy"] == 1.0
    assert set(scores["cls_per_label"]) == {"a", "c"}


def test_the_threshold_is_the_best_one_on_these_rows(drawn):
    true, values = drawn
    decisions = Decisions.of(true, [LABELS] * len(true), values)

    def score(threshold):
        return score_classes(decisions, decisions.value >= threshold, one=False)["cls_micro_f1"]

    assert score(best_threshold(decisions, 0.5)) == max(score(step / 100) for step in range(1, 100))
    certain = Decisions.of([{"a": 1.0}], [["a", "b"]], [[0.9, 0.1]])
    assert best_threshold(certain, 0.5) == 0.5
    assert best_threshold(Decisions.of([{}], [["a"]], [[0.9]]), 0.4) == 0.4


def test_calibration_error():
    assert calibration_error(np.array([0.8] * 10), np.array([True] * 8 + [False] * 2)) == pytest.approx(0.0)
    assert calibration_error(np.array([1.0, 1.0]), np.array([True, False])) == pytest.approx(0.5)


def test_regression():
    scores = score_regression(Decisions.of([{"a": 1.0}, {"a": 3.0}], [["a"], ["a"]], [[2.0], [4.0]]))
    assert scores == pytest.approx({"cls_mae": 1.0, "cls_rmse": 1.0, "cls_correlation": 1.0})
