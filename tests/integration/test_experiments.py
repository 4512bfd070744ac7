"""The experiments that people start from: each composes, and its debug twin runs offline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.config.compose import compose
from gliexp.config.groups import Groups

OPTIONS = Groups.read().options("experiment")
EXPERIMENTS = [name for name in OPTIONS if not name.endswith("_debug")]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_has_a_debug_twin_and_composes_without_corrections(name: str) -> None:
    assert f"{name}_debug" in OPTIONS
    composed = compose([f"experiment={name}", "data.train_data=mine.jsonl"], environment=False)
    assert composed.notices == ()
    assert composed.config.backbone.source == "hub"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_twin_is_its_experiment_on_a_tiny_encoder_and_the_sample(name: str) -> None:
    real = compose([f"experiment={name}", "data.train_data=mine.jsonl"], environment=False).config
    twin = compose([f"experiment={name}_debug"], environment=False).config
    assert (twin.backbone.name, twin.data.train_data, twin.training.max_steps) == ("tiny", "sample", 20)
    assert (twin.run.task, twin.model.span_mode, twin.peft) == (real.run.task, real.model.span_mode, real.peft)
    assert (twin.model.problem_type, twin.data.label_sampling) == (real.model.problem_type, real.data.label_sampling)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_twin_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main([f"experiment={name}_debug"]) == 0
    (record,) = tmp_path.glob("outputs/*/*/run.json")
    assert json.loads(record.read_text())["status"] == "done"
    assert (record.parent / "model").is_dir()
