from __future__ import annotations

from gliexp.config.schema.data import Data
from gliexp.data.splits import Splits
from gliexp.runs.families import family
from gliexp.runs.shown import untuned
from gliexp.runs.start import at_start, gains


def test_scores_of_step_0_stand_beside_those_of_the_end() -> None:
    first, last = ({"eval_ner_micro_f1": score, "step": step} for score, step in ((0.1, 0), (0.5, 2)))
    history = [first, {"loss": 3, "step": 1}, last]
    assert at_start(history) == {"start": {"ner_micro_f1": 0.1}}
    assert at_start(history[1:]) == {}
    metrics = {"eval": {"ner_micro_f1": 0.5, "ner_macro_f1": 0.4}, **at_start(history)}
    assert list(gains(metrics, {"ner_micro_f1": "micro", "ner_macro_f1": "macro"})) == [("micro", 0.1, 0.5)]


def test_that_nothing_can_be_tuned_is_said() -> None:
    assert untuned(Data(threshold=0.3), Splits()) == []
    assert untuned(Data(threshold="tune"), Splits(dev=[{}])) == []
    assert "0.5 is taken" in untuned(Data(threshold="tune"), Splits())[0]


def test_every_task_has_headlines_to_compare() -> None:
    for task in ("ner", "classification"):
        titles = family(task).ending.HEADLINES
        scores = dict.fromkeys(titles, 0.5)
        assert [title for title, *_ in gains({"eval": scores, "start": scores}, titles)] == list(titles.values())
