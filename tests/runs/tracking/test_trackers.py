from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gliexp.config.compose import compose
from gliexp.runs.reporting import wrong
from gliexp.runs.tracking import trackers as module
from gliexp.runs.tracking import weights_and_biases
from gliexp.runs.tracking.tracker import Beginning, Ending, final
from gliexp.runs.tracking.trackers import Trackers, chosen

METRICS = {
    "eval": {"ner_micro_f1": 0.5, "examples": 80},
    "test": {
        "ner_micro_f1": 0.25,
        "ner_per_label": {"person": {"precision": 1.0, "recall": 0.5, "f1": 0.667, "support": 4}},
    },
}
STATE = SimpleNamespace(global_step=8, is_world_process_zero=True)


def _config(*words: str) -> Any:
    return compose(list(words), environment=False).config


def _beginning(directory: Path, **others: Any) -> Beginning:
    directory.mkdir(exist_ok=True)
    return Beginning(directory, "name", {"run": {"seed": 1}}, {"signature": "1a2b"}, **others)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], []),
        (["tracking=wandb"], ["wandb"]),
        (["tracking=[wandb_offline,tensorboard]"], ["wandb", "tensorboard"]),
        (["training.report_to=[tensorboard]"], ["tensorboard"]),
        (["tracking=wandb", "training.report_to=none"], []),
    ],
)
def test_groups_and_the_old_key_choose_trackers(words: list[str], names: list[str]) -> None:
    assert list(chosen(_config(*words))) == names


def test_offline_is_a_mode() -> None:
    assert _config("tracking=[tensorboard,wandb_offline]").tracking.mode == "offline"
    assert _config("tracking=wandb").tracking.mode == "online"


def test_every_tracker_has_the_same_figures(tmp_path: Path) -> None:
    told = Trackers(_config("tracking=[wandb_offline,tensorboard]"), _beginning(tmp_path / "run"))
    told.on_log(None, STATE, None, logs={"loss": 2.0, "learning_rate": 0.1, "note": "x"})
    scored = {"eval_ner_micro_f1": 0.5, "eval_ner_per_label": {"person": {"f1": 0.7}}}
    told.on_evaluate(None, STATE, None, metrics=scored)
    told.on_log(None, STATE, None, logs={"eval_ner_micro_f1": 0.5, "train_runtime": 3.0})
    ended = told.finish(Ending("done", METRICS))
    assert ended["failed"] == {}
    assert set(ended["places"]) == {"wandb", "tensorboard"}
    expected = {
        "train/loss": 2.0,
        "train/learning_rate": 0.1,
        "whole/runtime": 3.0,
        "eval/ner_micro_f1": 0.5,
        "eval/ner_per_label/person/f1": 0.7,
        "final/test/ner_micro_f1": 0.25,
        "final/test/ner_per_label/person/f1": 0.667,
        "final/eval/ner_micro_f1": 0.5,
    }
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    scalars = {tag: events.Scalars(tag)[-1] for tag in events.Tags()["scalars"]}
    (file,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    seen = wandb_file.summary(file)
    for name, value in expected.items():
        assert scalars[name].value == pytest.approx(value), name
        assert seen[name] == pytest.approx(value), name
        assert scalars[name].step == 8
    assert [line["step"] for line in wandb_file.history(file) if "train/loss" in line] == [8]


def test_wandb_knows_the_run(tmp_path: Path) -> None:
    words = ["tracking=wandb_offline", "tracking.project=p", "tracking.entity=e", "tracking.job_type=j", "run.tags=[t]"]
    told = Trackers(_config(*words, "run.notes=n"), _beginning(tmp_path / "run", group="multirun/ner/x"))
    told.finish(Ending("done"))
    (file,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    run = wandb_file.run(file)
    assert (run.project, run.entity, run.run_group, run.job_type) == ("p", "e", "multirun/ner/x", "j")
    assert (list(run.tags), run.notes, run.display_name) == (["t"], "n", "name")
    config = wandb_file.config(file)
    assert config["run"] == {"seed": 1}
    assert config["gliexp"] == {"signature": "1a2b"}


def test_a_run_that_goes_on_is_the_same_run_there(tmp_path: Path) -> None:
    config = _config("tracking=[wandb_offline,tensorboard]")
    for resumed, step in ((False, 4), (True, 8)):
        told = Trackers(config, _beginning(tmp_path / "run", resumed=resumed))
        told.on_log(None, SimpleNamespace(global_step=step, is_world_process_zero=True), None, logs={"loss": 1.0})
        told.finish(Ending("done" if resumed else "interrupted"))
    files = sorted((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert len({wandb_file.run(file).run_id for file in files}) == 1
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [4, 8]
    anew = Trackers(config, _beginning(tmp_path / "run"))
    anew.finish(Ending("done"))
    files = list((tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb"))
    assert len({wandb_file.run(file).run_id for file in files}) == 2


def test_online_without_a_key_is_kept_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    told = Trackers(_config("tracking=wandb"), _beginning(tmp_path / "run"))
    ended = told.finish(Ending("done"))
    assert ended["places"]["wandb"].startswith("wandb sync ")
    assert ended["failed"] == {}


def test_online_with_a_service_that_does_not_answer_is_kept_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(weights_and_biases, "PATIENCE", 3.0)
    told = Trackers(_config("tracking=wandb"), _beginning(tmp_path / "run"))
    told.on_log(None, STATE, None, logs={"loss": 2.0})
    ended = told.finish(Ending("done", METRICS))
    assert ended["failed"] == {}
    assert ended["places"]["wandb"].startswith("wandb sync ")
    (file,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    assert wandb_file.summary(file)["train/loss"] == 2.0


class Broken:
    """A tracker that raises whenever it is asked."""

    name = "wandb"

    def __init__(self) -> None:
        self.asked = 0

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.asked += 1
        raise ConnectionError("the network is gone")

    def checkpoint(self, directory: Path, step: int) -> None:
        raise OSError("no space left on device")

    def finish(self, ending: Ending) -> str:
        raise ConnectionError("the network is gone")


def test_one_that_fails_is_named_and_harms_neither_run_nor_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, make = Broken(), module._make
    monkeypatch.setattr(module, "_make", lambda name, *given: broken if name == "wandb" else make(name, *given))
    told = Trackers(_config("tracking=[wandb,tensorboard]"), _beginning(tmp_path / "run"))
    for _ in range(9):
        told.on_log(None, STATE, None, logs={"loss": 2.0})
    ended = told.finish(Ending("done", METRICS))
    assert ended["failed"] == {"wandb": "ConnectionError: the network is gone"}
    assert set(ended["places"]) == {"tensorboard"}
    assert broken.asked == module.FAILURES


def test_one_that_cannot_begin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(module, "_make", refuse)
    told = Trackers(_config("tracking=tensorboard"), _beginning(tmp_path / "run"))
    told.on_log(None, STATE, None, logs={"loss": 2.0})
    assert told.finish(Ending("done"))["failed"] == {"tensorboard": "PermissionError: read-only"}


def test_integrations_of_transformers_are_kept_from_ending_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from gliexp.runs.tracking.guarded import Guarded

    guarded = Guarded("comet_ml")  # not installed here
    guarded.on_train_begin(None, STATE, None)
    guarded.on_log(None, STATE, None, logs={})
    assert guarded.error is not None
    assert "comet" in guarded.error.lower()


def test_final_figures_by_path() -> None:
    assert final({"test": {"f1": 1, "threshold": "tuned", "labels": {"a": {"f1": 0.5}}, "fine": True}}) == {
        "final/test/f1": 1.0,
        "final/test/labels/a/f1": 0.5,
    }


def test_wrongly_predicted_rows_become_a_table() -> None:
    right = [{"text": "Ana", "label": "person", "kind": "right"}]
    missed = [*right, {"text": "Porto", "label": "city", "kind": "missed"}]
    assert wrong([right, missed]) == [{"text": "Ana Porto", "missed": "Porto (city)", "spurious": ""}]
