"""What a sweep plans, skips, retries and says, with the training itself replaced."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from gliexp import cli
from gliexp.config.compose import compose
from gliexp.config.loader import CONFIG_NAME, Loader
from gliexp.errors import Refusal
from gliexp.launch.sweep import Plan, Sweep, plan
from tests.runs.directories import write_run

SIX = ["-m", "training.learning_rate=1e-4,1e-3,1", "run.seed=1,2", "run.name=grid"]


def planned(*overrides: str) -> Plan:
    sweep = Sweep.read(Loader(), "config", overrides)
    return plan(sweep, sweep.grid())


def runs_in(root: Path) -> dict[str, dict[str, Any]]:
    return {path.parent.name: json.loads(path.read_text()) for path in root.glob("multirun/ner/grid/*/run.json")}


def test_a_failing_member_ends_nothing(trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(SIX) == 1
    said = capsys.readouterr().out
    assert {name: run["status"] for name, run in runs_in(tmp_path).items()} == {
        **dict.fromkeys("0123", "done"),
        **dict.fromkeys("45", "failed"),
    }
    lines = said.splitlines()
    assert "4 training.learning_rate=1 run.seed=1: failed" in lines
    assert "    loss is nan" in lines
    assert "    log: multirun/ner/grid/4/train.log" in lines
    board = lines.index("leaderboard, best eval.ner_micro_f1 first; mean ± standard deviation over seeds")
    assert lines[board + 2].split()[:2] == ["0.001", "2"]
    assert "0.6150 ± 0.0071" in lines[board + 2]
    assert "4 done, 2 failed" in lines[-2]
    assert lines[-1] == "page: multirun/ner/grid/sweep.html"
    page = (tmp_path / "multirun" / "ner" / "grid" / "sweep.html").read_text(encoding="utf-8")
    assert "0.6150 ± 0.0071" in page
    assert page.count('data-name="status">failed<') == 2
    assert "loss is nan" in page
    assert f"python -m gliexp {' '.join(SIX)}" in page
    assert (tmp_path / "multirun" / "ner" / "grid" / "multirun.yaml").is_file()


def test_again_skips_what_is_done_and_retries_what_failed(
    trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(SIX)
    first = runs_in(tmp_path)
    trained.clear()
    capsys.readouterr()
    assert cli.main(SIX) == 1
    said = capsys.readouterr().out
    assert [(config.training.learning_rate, config.run.seed) for config in trained] == [(1, 1), (1, 2)]
    assert runs_in(tmp_path).keys() == first.keys()
    assert "0 done, 2 failed, 4 known before" in said
    assert "0.6150 ± 0.0071" in said
    trained.clear()
    assert cli.main([*SIX, "run.rerun=true"]) == 1
    assert len(trained) == 6
    assert runs_in(tmp_path).keys() == first.keys()


def test_another_sweep_of_the_same_name_overwrites_nothing(trained: list[Any], tmp_path: Path) -> None:
    assert cli.main(["-m", "run.seed=1,2", "run.name=grid"]) == 0
    assert cli.main(["-m", "run.seed=3,2,4", "run.name=grid"]) == 0
    seeds = {name: run["overrides"][0] for name, run in runs_in(tmp_path).items()}
    assert seeds == {"0": "run.seed=1", "1": "run.seed=2", "2": "run.seed=3", "3": "run.seed=4"}


def test_a_finished_single_run_counts_and_a_damaged_one_does_not(trained: list[Any], tmp_path: Path) -> None:
    known = planned("run.seed=1,2").members
    done = write_run(tmp_path / "outputs" / "ner" / f"single-{known[0].signature}", signature=known[0].signature)
    write_run(tmp_path / "outputs" / "ner" / f"half-{known[1].signature}", None, signature=known[1].signature)
    again = planned("run.seed=1,2")
    assert [(member.number, entry.path.resolve()) for member, entry in again.known] == [(0, done)]
    assert [member.number for member in again.members] == [1]


def test_equal_members_run_once(trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-m", "run.seed=1,1", "run.name=grid"]) == 0
    assert len(trained) == 1
    assert "the same run as 0" in capsys.readouterr().out
    trained.clear()
    assert cli.main(["-m", "run.seed=1,1", "run.name=grid", "run.rerun=true"]) == 0
    assert len(trained) == 2
    assert sorted(runs_in(tmp_path)) == ["0", "1"]


def test_fail_fast_and_signals(trained: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["-m", "training.learning_rate=1e-4,1,1e-3", "run.fail_fast=true"]) == 1
    assert len(trained) == 2
    assert "1 done, 1 failed, 1 not run" in capsys.readouterr().out
    trained.clear()
    assert cli.main(["-m", "training.weight_decay=0.1,0.9,0.2"]) == 130
    assert len(trained) == 2
    assert "1 done, 1 interrupted, 1 not run" in capsys.readouterr().out


def test_an_experiment_with_a_sweep_block(trained: list[Any], tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(
        "hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      run.seed: 1,2,3\n"
        "      training.learning_rate: 1e-4,1e-3\ntraining:\n  max_steps: 4\n"
    )
    assert cli.main(["experiment=grid.yaml", "run.seed=range(1,3)"]) == 0
    seen = [(config.run.seed, config.training.learning_rate, config.training.max_steps) for config in trained]
    assert seen == [(1, 1e-4, 4), (1, 1e-3, 4), (2, 1e-4, 4), (2, 1e-3, 4)]
    assert sorted(runs_in(tmp_path)) == list("0123")


def test_bad_members_are_refused_before_any_runs(
    trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["-m", "training.learning_rate=1e-4,-1", "run.seed=1,2", "run.sed=1"]) == 2
    said = capsys.readouterr().err
    assert "run.sed: unknown key" in said
    assert cli.main(["-m", "training.learning_rate=1e-4,-1", "run.seed=1,2"]) == 2
    assert "member 2: training.learning_rate=-1 run.seed=1" in capsys.readouterr().err
    assert trained == []
    assert list(tmp_path.iterdir()) == []
    for words in (["hydra/launcher=locl_pool"], ["hydra.sweeper.max_bath_size=1"], ["hydra.sweep.dir=${nothing}"]):
        assert cli.main(["-m", "run.seed=1,2", *words]) == 2
        assert "Traceback" not in capsys.readouterr().err
    assert trained == []


def test_members_share_a_loader_and_nothing_else(trained: list[Any], tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text("training:\n  max_steps: 7\nmodel:\n  dropout: 0.3\n")
    members = [
        ["span_mode=token_level", "experiment=e.yaml", "peft=lora"],
        ["task=classification"],
        ["span_mode=marker_v0", "model.max_width=5"],
        ["task=relex", "backbone=minilm"],
        [],
    ]
    loader = Loader()
    for overrides in [*members, *reversed(members)]:
        shared, alone = Sweep.read(loader, "config", ()).compose(overrides), compose(overrides)
        assert shared.tree == alone.tree
        assert shared.notices == alone.notices
        assert shared.report.chain == alone.report.chain


def test_what_a_run_leaves_in_the_process_is_put_back(trained: list[Any]) -> None:
    assert cli.main(["-m", "run.seed=1,2"]) == 0
    assert "LEFT_BEHIND" not in os.environ


def test_two_sweeps_in_one_directory(trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "multirun" / "ner" / "grid").mkdir(parents=True)
    with FileLock(tmp_path / "multirun" / "ner" / "grid" / ".sweep.lock"):
        assert cli.main(SIX) == 2
    assert "another sweep is running" in capsys.readouterr().err
    assert trained == []


def test_directories_that_the_user_names(trained: list[Any], tmp_path: Path) -> None:
    words = ["hydra.sweep.subdir='${run.seed}-x'", "hydra.sweep.dir=here"]
    assert [str(member.directory) for member in planned("run.seed=1,2", *words).members] == ["here/1-x", "here/2-x"]
    with pytest.raises(Refusal, match="is another run's"):
        planned("run.seed=1", "training.max_steps=1,2", *words)


def test_a_launcher_of_hydras_own(trained: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gliexp.launch import launchers

    monkeypatch.setattr(launchers, "BASIC", "none")  # so that Hydra's basic launcher stands for any other
    assert cli.main(SIX) == 1
    statuses = {name: run["status"] for name, run in runs_in(tmp_path).items()}
    assert statuses == {**dict.fromkeys("0123", "done"), **dict.fromkeys("45", "failed")}
    trained.clear()
    assert cli.main(SIX) == 1
    assert len(trained) == 2


def test_a_sweep_that_would_fill_the_memory_is_refused() -> None:
    for words, said in (
        (["run.seed=range(0,1e9)"], "1,000,000,000 members"),
        (["run.seed=range(0,1000)", "training.warmup_ratio=choice(0,0.1,0.2)", "model.max_width=range(1,9)"], "24,000"),
    ):
        with pytest.raises(Refusal, match=said) as refused:
            Sweep.read(Loader(), CONFIG_NAME, words).grid()
        assert refused.value.problems[0].key == "run.seed"
