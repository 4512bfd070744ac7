from __future__ import annotations

from random import Random

import numpy as np
import pytest

from gliexp.training.metrics import intervals as module
from gliexp.training.metrics import score_entities
from gliexp.training.metrics.counts import Counts
from gliexp.training.metrics.entities import entity_counts
from gliexp.training.metrics.intervals import Bootstrap, difference, interval

from .test_against_others import beside, nested


def rows(count: int, seed: int = 0):
    draw = Random(seed)
    gold = [nested(draw) for _ in range(count)]
    return gold, [beside(draw, row, nested) for row in gold]


def test_a_draw_scores_as_its_rows_do() -> None:
    gold, predicted = rows(12)
    draws = Bootstrap.of(12, seed=3, samples=20)
    counts = entity_counts(gold, predicted)
    micro, macro = draws.micro_f1(counts), draws.macro_f1(counts)
    for number, times in enumerate(draws.times):
        taken = [place for place, count in enumerate(times) for _ in range(count)]
        assert len(taken) == 12
        scores = score_entities([gold[place] for place in taken], [predicted[place] for place in taken])
        assert micro[number] == pytest.approx(scores["ner_micro_f1"])
        assert macro[number] == pytest.approx(scores["ner_macro_f1"])


def test_an_interval_holds_its_share_of_true_values() -> None:
    """Of samples of rows, the 95 % interval should hold the whole's score about 95 times of 100."""
    gold, predicted = rows(4000)
    true = score_entities(gold, predicted)["ner_micro_f1"]
    draw, held = Random(1), 0
    for _ in range(200):
        places = [draw.randrange(4000) for _ in range(100)]
        counts = entity_counts([gold[place] for place in places], [predicted[place] for place in places])
        low, high = interval(Bootstrap.of(100, samples=300).micro_f1(counts))
        held += low <= true <= high
    assert 0.9 <= held / 200 <= 0.99


def test_a_model_that_is_better_everywhere_is_told_from_chance() -> None:
    gold, predicted = rows(100)
    draws = Bootstrap.of(100)
    worse, perfect = entity_counts(gold, predicted), entity_counts(gold, gold)
    apart = difference(draws.micro_f1(worse), draws.micro_f1(perfect), 0.3)
    assert apart.low > 0
    assert apart.p < 0.01
    none = difference(draws.micro_f1(worse), draws.micro_f1(worse), 0.0)
    assert (none.low, none.high, none.p) == (0.0, 0.0, 1.0)


def test_draws_are_the_same_for_the_same_rows() -> None:
    assert np.array_equal(Bootstrap.of(50).times, Bootstrap.of(50).times)
    assert not np.array_equal(Bootstrap.of(50).times, Bootstrap.of(50, seed=1).times)


def test_intervals_hold_the_score_and_are_drawn_in_blocks_for_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    gold = [[(0, 1, "a")], [(0, 1, "b")]] * 40
    said = [[(0, 1, "a")], [(0, 1, "a")]] * 40
    counts = {"ner": Counts.of(gold, said)}
    found = module.intervals(counts, 80)
    score = counts["ner"].scores("ner")
    for name in ("ner_micro_f1", "ner_macro_f1"):
        low, high = found[name]
        assert low < score[name] < high
    monkeypatch.setattr(module, "BLOCK", 800)
    for name, pair in module.intervals(counts, 80).items():
        assert pair == pytest.approx(found[name], abs=0.03)
    assert module.intervals({}, 0) == {}
