from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_selection import f_classif

from gliexp.runs.entry import Entry
from gliexp.runs.importance import importance

FIGURE = "eval.ner_micro_f1"


def runs(columns: dict[str, list[str]], scores: list[float]) -> list[Entry]:
    found = []
    for place, score in enumerate(scores):
        overrides = [f"{key}={values[place]}" for key, values in columns.items()]
        found.append(Entry(Path(str(place)), "done", {"overrides": overrides}, {FIGURE: score}))
    return found


def test_a_key_that_decides_explains_all_and_one_without_effect_nothing() -> None:
    draw = np.random.default_rng(0)
    rates, modes = draw.choice(["1", "2", "3"], 300), draw.choice(["a", "b"], 300)
    scores = [float(rate) + 1e-6 * noise for rate, noise in zip(rates, draw.normal(size=300), strict=True)]
    found = importance(runs({"rate": list(rates), "mode": list(modes)}, scores), ["mode", "rate"], FIGURE)
    assert list(found) == ["rate", "mode"]
    assert found["rate"] > 0.999
    assert found["mode"] < 0.02


def test_shares_are_those_of_an_analysis_of_variance() -> None:
    draw = np.random.default_rng(1)
    for _ in range(200):
        count = int(draw.integers(8, 60))
        groups = draw.integers(0, 3, count)
        if min(np.bincount(groups, minlength=3)) < 1:
            continue
        scores = draw.normal(size=count) + groups * draw.normal()
        values = list(map(str, groups))
        found = importance(runs({"key": values}, scores.tolist()), ["key"], FIGURE)["key"]
        (ratio,), _ = f_classif(scores.reshape(-1, 1), groups)
        # Kelley's epsilon squared out of the F ratio: (F - 1)(k - 1) / ((k - 1) F + n - k)
        kinds = 3
        expected = (ratio - 1) * (kinds - 1) / ((kinds - 1) * ratio + count - kinds)
        assert found == pytest.approx(max(0.0, expected), abs=1e-9)


def test_many_numbers_are_grouped_and_an_optimum_in_the_middle_is_seen() -> None:
    draw = np.random.default_rng(2)
    rates = draw.uniform(0, 1, 200)
    scores = [-((rate - 0.5) ** 2) for rate in rates]
    found = importance(runs({"rate": [repr(float(rate)) for rate in rates]}, scores), ["rate"], FIGURE)
    assert found["rate"] > 0.8


@pytest.mark.parametrize("columns", [{"key": ["a", "b", "c", "d", "e"]}, {"key": ["a"] * 5}])
def test_a_key_that_cannot_be_judged_is_left_out(columns: dict[str, list[str]]) -> None:
    assert importance(runs(columns, [0.1, 0.2, 0.3, 0.4, 0.5]), ["key"], FIGURE) == {}


def test_few_or_equal_runs_say_nothing() -> None:
    assert importance(runs({"key": ["a", "a", "b"]}, [0.1, 0.2, 0.3]), ["key"], FIGURE) == {}
    assert importance(runs({"key": ["a", "a", "b", "b"]}, [0.1] * 4), ["key"], FIGURE) == {}
