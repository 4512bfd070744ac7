"""The embedded default of every task learns: the figures that the README promises, held with a margin."""

import json

import pytest

from .conftest import read


@pytest.mark.slow
def test_the_embedded_reinforcement_refines_what_it_starts_from(gliexp, only_run):
    done = gliexp("task=classification_rl", timeout=600)
    assert done.returncode == 0, done.stderr
    run = only_run()
    assert read(run / "metrics.json")["test"]["cls_macro_f1"] >= 0.8
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    rewards = [(line["step"], line["reward"]) for line in lines if "reward" in line]
    tenth = len(rewards) // 10
    mean = [sum(value for _, value in part) / tenth for part in (rewards[:tenth], rewards[-tenth:])]
    assert mean[1] > mean[0]
    (start,) = [line["eval_cls_macro_f1"] for line in lines if "eval_cls_macro_f1" in line and line["step"] == 640]
    assert read(run / "metrics.json")["eval"]["cls_macro_f1"] >= start


LEARNS = {
    "ner": ([], 0.85),
    "ner token": (["span_mode=token_level"], 0.85),
    "relex lora": (["task=relex", "peft=lora"], 0.6),
    "biencoder": (["task=biencoder"], 0.8),
    "decoder": (["task=decoder"], 0.8),
}


CLASSIFIES = {"all": ["task=classification"], "lora": ["task=classification", "peft=lora"]}


@pytest.mark.slow
@pytest.mark.parametrize("overrides", CLASSIFIES.values(), ids=CLASSIFIES.keys())
def test_the_embedded_classification_learns(gliexp, only_run, overrides):
    done = gliexp(*overrides, timeout=600)
    assert done.returncode == 0, done.stderr
    assert read(only_run() / "metrics.json")["test"]["cls_macro_f1"] >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("overrides", "least"), LEARNS.values(), ids=LEARNS.keys())
def test_the_embedded_default_learns(gliexp, only_run, overrides, least):
    done = gliexp(*overrides, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert read(only_run() / "metrics.json")["test"]["ner_micro_f1"] >= least
