"""Searches: what a study lacks is run, nothing twice; failures are recorded, bad trials ended, sessions joined."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest

from gliexp import cli
from gliexp.launch.search.settings import SAMPLERS

RATE = "training.learning_rate=tag(log,interval(1e-5,1e-3))"
SEARCH = ["-m", "hydra/sweeper=optuna", "run.name=grid", RATE]


def trials(root: Path) -> list[optuna.trial.FrozenTrial]:
    storage = f"sqlite:///{root / 'multirun' / 'ner' / 'grid' / 'study.db'}"
    return list(optuna.load_study(study_name="ner/grid", storage=storage).trials)


def states(root: Path) -> list[str]:
    return [trial.state.name for trial in trials(root)]


def test_a_study_finds_a_good_rate_and_keeps_every_trial(
    trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=8"]) == 0
    said = capsys.readouterr().out
    found = trials(tmp_path)
    assert states(tmp_path) == ["COMPLETE"] * 8
    rates = [config.training.learning_rate for config in trained]
    assert [trial.params["training.learning_rate"] for trial in found] == rates
    assert all(1e-5 <= rate <= 1e-3 for rate in rates)
    best = max(range(8), key=lambda number: rates[number])
    assert f"best: trial {best}, eval.ner_micro_f1 {0.5 + 100 * rates[best] + 0.42:.4f}" in said
    assert len(list(tmp_path.glob("multirun/ner/grid/*/run.json"))) == 8
    trained.clear()
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=8"]) == 0
    assert trained == []
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=10"]) == 0
    assert len(trained) == 2
    assert not {config.training.learning_rate for config in trained} & set(rates)


KILLED = """
import os, signal, sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from gliexp.runs.directory import signature_of
from tests.runs.directories import write_run

count = 0

def train(composed, directory, console=None, *, advice=None):
    global count
    facts = {"overrides": list(composed.overrides), "signature": signature_of(composed)}
    write_run(directory, None, status="running", **facts)
    if count == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    count += 1
    write_run(directory, 0.5 + 100 * composed.config.training.learning_rate, **facts)
    return SimpleNamespace(metrics={})

stub = ModuleType("gliexp.runs.train")
stub.train = train
sys.modules["gliexp.runs.train"] = stub
from gliexp import cli
sys.exit(cli.main(sys.argv[2:]))
"""


def test_a_study_killed_after_five_trials_goes_on_to_exactly_twelve(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}

    def session(kill_at: int) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", KILLED, str(kill_at), *SEARCH, "hydra.sweeper.n_trials=12"]
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert session(5).returncode == -signal.SIGKILL
    assert states(tmp_path) == ["COMPLETE"] * 5 + ["RUNNING"]
    begun = trials(tmp_path)[5].params
    done = session(-1)
    assert done.returncode == 0, done.stderr
    assert states(tmp_path) == ["COMPLETE"] * 12
    assert trials(tmp_path)[5].params == begun
    assert len({trial.params["training.learning_rate"] for trial in trials(tmp_path)}) == 12
    assert "7 done" in done.stdout
    assert len(list(tmp_path.glob("multirun/ner/grid/*/run.json"))) == 12


def test_failed_trials_are_recorded_and_passed_over(
    trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-m", "hydra/sweeper=optuna", "run.name=grid", "training.learning_rate=choice(1,1e-4)"]
    words += ["run.seed=range(1,1000)", "hydra.sweeper.n_trials=6", "hydra.sweeper.sampler=random"]
    assert cli.main(words) == 1
    found = trials(tmp_path)
    failed = [trial for trial in found if trial.state.name == "FAIL"]
    assert len(found) == 6
    assert 0 < len(failed) < 6
    assert failed == [trial for trial in found if trial.params["training.learning_rate"] == "1"]
    assert all(trial.user_attrs["error"].startswith("loss is nan") for trial in failed)
    assert f"{6 - len(failed)} done, {len(failed)} failed" in capsys.readouterr().out


def test_bad_trials_are_ended_at_an_evaluation(trained: list[Any], tmp_path: Path) -> None:
    words = ["hydra.sweeper.n_trials=12", "hydra.sweeper.pruner=median", "hydra.sweeper.startup_trials=3"]
    assert cli.main([*SEARCH, *words, "hydra.sweeper.sampler=random"]) == 0
    found = trials(tmp_path)
    pruned = [trial for trial in found if trial.state.name == "PRUNED"]
    kept = [trial for trial in found if trial.state.name == "COMPLETE"]
    assert len(pruned) + len(kept) == 12
    assert pruned
    assert all(len(trial.intermediate_values) < 3 for trial in pruned)
    assert max(trial.params["training.learning_rate"] for trial in found) == max(
        trial.params["training.learning_rate"] for trial in kept
    )


def test_several_objectives(trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["hydra.sweeper.n_trials=4", "hydra.sweeper.metric=[eval.ner_micro_f1,seconds]"]
    assert cli.main([*SEARCH, *words]) == 0
    assert all(len(trial.values) == 2 for trial in trials(tmp_path))
    assert "not beaten in all: trial" in capsys.readouterr().out
    (page,) = tmp_path.glob("multirun/ner/*/sweep.html")
    assert "seconds over eval.ner_micro_f1" in page.read_text(encoding="utf-8")


def test_an_interrupted_trial_is_gone_on_with(trained: list[Any], tmp_path: Path) -> None:
    words = [*SEARCH, "training.weight_decay=choice(0.9,0.9001)", "hydra.sweeper.n_trials=40"]
    assert cli.main([*words, "hydra.sweeper.sampler=random"]) == 130
    assert states(tmp_path)[-1] == "RUNNING"
    before = trials(tmp_path)
    assert cli.main([*words, "hydra.sweeper.sampler=random"]) == 130
    assert [trial.params for trial in trials(tmp_path)] == [trial.params for trial in before]


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name not in ("cmaes", "gp")])
def test_samplers(sampler: str, trained: list[Any], tmp_path: Path) -> None:
    words = ["-m", "hydra/sweeper=optuna", "run.name=grid", "training.num_train_epochs=range(1,4)"]
    assert cli.main([*words, f"hydra.sweeper.sampler={sampler}", "hydra.sweeper.n_trials=2"]) == 0
    assert states(tmp_path) == ["COMPLETE"] * 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hydra.sweeper.sampler=tpee"], "did you mean tpe"),
        (["hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials: does not accept 0"),
        (["hydra.sweeper.pruner=median", "hydra.sweeper.metric=seconds"], "not measured while a trial trains"),
        (["hydra.sweeper.pruner=median", "hydra.sweeper.metric=[a,b]"], "judges by one metric"),
        (
            ["hydra.sweeper.pruner=median", "training.eval_strategy=no", "training.load_best_model_at_end=false"],
            "nothing is evaluated",
        ),
        (["training.max_grad_norm=choice(1,-1)"], "training.max_grad_norm: does not accept -1"),
        (["training.learning_rate=1e-4"], "nothing is left to search"),
        (["run.sed=choice(1,2)"], "run.sed"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    words: list[str], says: str, trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*SEARCH, *words]) == 2
    assert says in capsys.readouterr().err
    assert trained == []
    assert list(tmp_path.iterdir()) == []


def test_a_study_is_not_gone_on_with_under_other_settings(
    trained: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=1"]) == 0
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=2", "training.max_steps=5"]) == 2
    assert "was begun with other settings: training.max_steps=5" in capsys.readouterr().err
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=2", "hydra.sweeper.direction=minimize"]) == 2
    assert cli.main([*SEARCH, "hydra.sweeper.n_trials=2", "hydra.sweeper.study_name=b", "training.max_steps=5"]) == 0


def test_the_training_is_ended_by_the_advice() -> None:
    callbacks = importlib.import_module("gliexp.training.callbacks")
    from types import SimpleNamespace

    heard = []

    def should_end(step: int, value: float) -> bool:
        heard.append((step, value))
        return value < 0.5

    callback = callbacks.EndWhenHopeless("ner_micro_f1", should_end)
    for step, value, stops in ((10, 0.6, False), (20, 0.4, True)):
        state, control = (
            SimpleNamespace(is_world_process_zero=True, global_step=step),
            SimpleNamespace(should_training_stop=False),
        )
        callback.on_evaluate(SimpleNamespace(world_size=1), state, control, {"eval_ner_micro_f1": value})
        assert control.should_training_stop is stops
    assert heard == [(10, 0.6), (20, 0.4)]
    assert callback.ended_at == 20
