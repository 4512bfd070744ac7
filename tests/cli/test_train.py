"""What the train verb hands to Hydra and to the run, with the run itself replaced."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from gliexp import cli
from gliexp.config import secrets
from gliexp.config.compose import Composed

TOKEN = "hf_PLANTEDintoTheCommand"
Runs = list[tuple[Composed, Path]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Runs:
    """The runs that were started: config and directory."""
    started: Runs = []
    train, directory = ModuleType("gliexp.runs.train"), ModuleType("gliexp.runs.directory")

    def record(composed: Composed, where: Path, console: Any = None, *, advice: Any = None) -> Any:
        started.append((composed, where))
        return SimpleNamespace(metrics={})

    train.train = record  # type: ignore[attr-defined]
    directory.run_directory = lambda composed: Path("outputs") / composed.config.run.task / composed.name  # type: ignore[attr-defined]
    directory.signature_of = lambda composed: f"{composed.name}{composed.overrides}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gliexp.runs.train", train)
    monkeypatch.setitem(sys.modules, "gliexp.runs.directory", directory)
    monkeypatch.chdir(tmp_path)
    secrets.forget()
    return started


def _all_written(root: Path) -> str:
    return "\n".join(file.read_text() for file in root.rglob("*") if file.is_file())


def test_a_single_run(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["task=relex", f"training.hub_token={TOKEN}", "run.name=first", "span_mode=token-level"]
    monkeypatch.setattr(sys, "argv", ["gliexp", *words])
    assert cli.main(words) == 0
    (composed, where), *more = runs
    assert more == []
    assert where == tmp_path / "outputs" / "relex" / "first"
    assert composed.config.model.span_mode == "token_level"
    saved = yaml.safe_load((where / ".hydra" / "config.yaml").read_text())
    assert saved["model"]["relations_layer"] == "none"
    assert saved["training"]["hub_token"] == secrets.MARK
    overrides = yaml.safe_load((where / ".hydra" / "overrides.yaml").read_text())
    assert f"training.hub_token={secrets.MARK}" in overrides
    assert "PLANTED" not in _all_written(tmp_path)
    assert "PLANTED" not in " ".join(sys.argv)
    assert secrets.reveal("training.hub_token") == TOKEN


def test_a_sweep(runs: Runs, tmp_path: Path) -> None:
    words = ["-m", "span_mode=marker_v0,token-level", "run.seed=1,2", "run.name=grid", f"training.hub_token={TOKEN}"]
    assert cli.main(words) == 0
    seen: list[Any] = [(composed.config.model.span_mode, composed.config.run.seed) for composed, _ in runs]
    assert seen == [("markerV0", 1), ("markerV0", 2), ("token_level", 1), ("token_level", 2)]
    assert [where for _, where in runs] == [tmp_path / "multirun" / "ner" / "grid" / str(n) for n in range(4)]
    assert "PLANTED" not in _all_written(tmp_path)
    assert secrets.reveal("training.hub_token") == TOKEN


def test_an_experiment_file_in_a_sweep(runs: Runs, tmp_path: Path) -> None:
    for name, steps in (("a", 3), ("b", 4)):
        (tmp_path / f"{name}.yaml").write_text(f"training:\n  max_steps: {steps}\n")
    assert cli.main(["-m", "experiment=a.yaml,b.yaml"]) == 0
    assert [(composed.config.training.max_steps, composed.name) for composed, _ in runs] == [(3, "a"), (4, "b")]


def test_variables_that_libraries_read(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cli.main(["launch.threads=1", "launch.huge_pages=false"]) == 0
    assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "0"


def test_large_pages_are_asked_for_by_default(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THP_MEM_ALLOC_ENABLE", raising=False)
    assert cli.main([]) == 0
    assert os.environ["THP_MEM_ALLOC_ENABLE"] == "1"


def test_a_refused_run_leaves_nothing(runs: Runs, tmp_path: Path) -> None:
    assert cli.main(["training.max_steps=x"]) == 2
    assert runs == []
    assert list(tmp_path.iterdir()) == []
