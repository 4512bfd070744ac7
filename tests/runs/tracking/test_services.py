"""MLflow and Trackio by their real clients, into files of this machine; they are optional, like the packages."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import pytest

from gliexp.config.compose import compose
from gliexp.runs.tracking.tracker import Beginning, Ending
from gliexp.runs.tracking.trackers import Trackers

METRICS = {"test": {"ner_micro_f1": 0.25, "ner_per_label": {"a (b)/..": {"f1": 0.5}}}}
ERRORS = ({"text": "Ana Porto", "missed": "Porto (city)", "spurious": ""},)
WORDS = (
    "tracking.project=laws",
    "tracking.group=baselines",
    "tracking.job_type=ablation",
    "training.run_name=mine",
    "run.tags=[legal]",
    "run.notes=a note",
    "tracking.log_model=checkpoints",
)


def _told(directory: Path, *words: str, resumed: bool = False) -> Trackers:
    config = compose([*words, f"run.root={directory.parent}"], environment=False).config
    directory.mkdir(exist_ok=True)
    tree = {"run": {"seed": 1}, "training": {"learning_rate": 0.001, "hub_token": "***"}}
    beginning = Beginning(directory, "usual", tree, {"signature": "1a2b", "data": []}, resumed=resumed)
    return Trackers(config, beginning)


def _state(step: int) -> Any:
    return SimpleNamespace(global_step=step, is_world_process_zero=True)


def _story(directory: Path, *words: str) -> dict[str, Any]:
    """A run that is interrupted after step 4 and goes on; what its trackers say at the end."""
    told = _told(directory, *words)
    told.on_log(None, _state(4), None, logs={"loss": 2.0})
    told.finish(Ending("interrupted"))
    told = _told(directory, *words, resumed=True)
    told.on_log(None, _state(8), None, logs={"loss": 1.0})
    told.on_evaluate(None, _state(8), None, metrics={"eval_ner_per_label": {"person": {"f1": 0.7}}})
    for place in ("checkpoints/checkpoint-8/weights", "model/weights"):
        (directory / place).parent.mkdir(parents=True)
        (directory / place).write_text("w")
    told.on_save(SimpleNamespace(output_dir=str(directory / "checkpoints")), _state(8), None)
    (directory / "plots").mkdir()
    figure = plt.figure()
    figure.savefig(directory / "plots" / "loss.png")
    plt.close(figure)
    ended = told.finish(Ending("done", METRICS, ERRORS))
    assert ended["failed"] == {}
    return ended


class TestMLflow:
    """`pip install 'gliexp[mlflow]'`."""

    @pytest.fixture(autouse=True)
    def _installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("mlflow", reason="MLflow is not installed: pip install 'gliexp[mlflow]'")
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def _run(self, root: Path) -> tuple[Any, Any]:
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
        (run,) = client.search_runs([client.get_experiment_by_name("laws").experiment_id])
        return client, run

    def test_one_run_has_it_all(self, tmp_path: Path) -> None:
        ended = _story(tmp_path / "run", "tracking=mlflow", *WORDS)
        assert ended["places"] == {"mlflow": f"mlflow ui --backend-store-uri sqlite:///{tmp_path / 'mlflow.db'}"}
        client, run = self._run(tmp_path)
        number = run.info.run_id
        losses = client.get_metric_history(number, "train/loss")
        assert [(point.step, point.value) for point in losses] == [(4, 2.0), (8, 1.0)]
        assert run.data.metrics["eval/ner_per_label/person/f1"] == 0.7
        assert run.data.metrics["final/test/ner_micro_f1"] == 0.25
        assert run.data.metrics["final/test/ner_per_label/a _b_/_/f1"] == 0.5
        assert run.data.metrics["system/memory_mib"] > 0
        assert run.data.params["training.learning_rate"] == "0.001"
        assert run.data.params["gliexp.signature"] == "1a2b"
        tags = run.data.tags
        assert (tags["group"], tags["job_type"], tags["legal"]) == ("baselines", "ablation", "true")
        assert (tags["mlflow.note.content"], run.info.run_name, run.info.status) == ("a note", "mine", "FINISHED")
        kept = {file.path for file in client.list_artifacts(number)}
        assert kept == {"checkpoint-8", "config.yaml", "errors.json", "model", "plots"}
        found = Path(client.download_artifacts(number, "errors.json")).read_text()
        assert json.loads(found) == {"errors": list(ERRORS)}

    def test_a_server_that_is_not_there_is_named_and_ends_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        told = _told(tmp_path / "run", "tracking=mlflow")
        told.on_log(None, _state(4), None, logs={"loss": 2.0})
        ended = told.finish(Ending("done", METRICS))
        assert ended["places"] == {}
        assert "127.0.0.1" in ended["failed"]["mlflow"]

    def test_offline_it_stays_here_whatever_the_variable_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        told = _told(tmp_path / "run", "tracking=mlflow", "tracking.mode=offline", "tracking.project=laws")
        assert told.finish(Ending("failed"))["failed"] == {}
        assert self._run(tmp_path)[1].info.status == "FAILED"


class TestTrackio:
    """`pip install 'gliexp[trackio]'`."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        if "trackio" not in sys.modules:  # it reads the variable once
            os.environ["TRACKIO_DIR"] = tempfile.mkdtemp(prefix="trackio-")
        pytest.importorskip("trackio", reason="Trackio is not installed: pip install 'gliexp[trackio]'")

    def test_one_run_has_it_all(self, tmp_path: Path) -> None:
        from trackio.sqlite_storage import SQLiteStorage

        project = f"laws-{tmp_path.name}"
        words = [*WORDS, f"tracking.project={project}"]
        ended = _story(tmp_path / "run", "tracking=trackio", *words)
        assert ended["places"] == {"trackio": f"trackio show --project {project}"}
        (record,) = SQLiteStorage.get_run_records(project)
        name = record["name"]
        assert str(name).startswith("mine-")
        lines = SQLiteStorage.get_logs(project, name)
        assert [(line["step"], line["train/loss"]) for line in lines if "train/loss" in line] == [(4, 2.0), (8, 1.0)]
        seen = {key: value for line in lines for key, value in line.items()}
        assert seen["eval/ner_per_label/person/f1"] == 0.7
        assert seen["final/test/ner_micro_f1"] == 0.25
        assert seen["system/memory_mib"] > 0
        assert seen["errors"]["_value"] == list(ERRORS)
        assert seen["plots/loss"]["_type"] == "trackio.image"
        told = SQLiteStorage.get_run_config(project, name)
        assert told["training.learning_rate"] == 0.001
        assert (told["gliexp"]["signature"], told["tags"], told["notes"]) == ("1a2b", ["legal"], "a note")
        assert (told["job_type"], told["_Group"]) == ("ablation", "baselines")
        assert {each["type"] for each in SQLiteStorage.list_artifacts(project)} == {"checkpoint", "model"}

    def test_offline_it_stays_here_whatever_the_variable_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TRACKIO_SPACE_ID", "me/space")
        told = _told(tmp_path / "run", "tracking=trackio", "tracking.mode=offline")
        assert told.finish(Ending("done"))["failed"] == {}
        assert os.environ["TRACKIO_SPACE_ID"] == "me/space"


@pytest.mark.parametrize("tracker", ["mlflow", "trackio"])
def test_without_the_package_the_run_is_refused_with_what_to_install(
    tracker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gliexp.config import presence

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == tracker else found(name, *more)
    )
    composed = compose([f"tracking={tracker}"], environment=False)
    (problem,) = [each for each in presence.problems(composed.config, composed.report) if "installed" in str(each)]
    assert f"pip install 'gliexp[{tracker}]'" in str(problem)


def test_nothing_is_told_where_trackers_are_disabled(tmp_path: Path) -> None:
    told = _told(tmp_path / "run", "tracking=[wandb,trackio,mlflow]", "tracking.mode=disabled")
    assert told.trackers == []
