"""The embedded default of every task learns: the figures that the README promises, held with a margin."""

import pytest

from .conftest import read

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
