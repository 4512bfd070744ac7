"""MLflow: a run of an experiment, on the server that MLFLOW_TRACKING_URI names or in a file beside the runs."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from gliexp.config.schema import Config
from gliexp.runs.signature import leaves
from gliexp.runs.tracking.identity import identity
from gliexp.runs.tracking.tracker import Beginning, Ending, facts, final

SERVER = "MLFLOW_TRACKING_URI"
SETTINGS = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
"""What a run does is nobody else's to know; MLflow's own number of attempts (7) keeps a run waiting for minutes."""
DATABASE, ARTIFACTS = "mlflow.db", "mlflow_artifacts"
STATES = {"done": "FINISHED", "interrupted": "KILLED"}
MOST = 6000  # characters of a parameter that MLflow takes
BATCH = 100  # parameters that it takes at once


class MLflow:
    """Reports to MLflow through its client, which has no state of the process that runs of a sweep would share."""

    name = "mlflow"

    def __init__(self, config: Config, beginning: Beginning) -> None:
        for variable, value in SETTINGS.items():
            os.environ.setdefault(variable, value)
        from mlflow import MlflowClient

        settings = config.tracking
        root = Path(config.run.root).absolute()
        server = os.environ.get(SERVER) if settings.mode == "online" else None
        self.place = server or f"sqlite:///{root / DATABASE}"
        self.directory = beginning.directory
        self.log_model = settings.log_model
        self.client = MlflowClient(self.place)
        name = config.training.run_name or beginning.name
        tags = {
            "mlflow.note.content": config.run.notes,
            "group": settings.group or beginning.group,
            "job_type": settings.job_type or config.run.task,
            **dict.fromkeys(config.run.tags, "true"),
        }
        given = {key: value for key, value in tags.items() if value}
        experiment = self._experiment(settings.project, None if server else (root / ARTIFACTS).as_uri())
        self.run = identity(
            self.name, beginning, lambda: str(self.client.create_run(experiment, None, given, name).info.run_id)
        )
        if beginning.resumed:
            self.client.update_run(self.run, status="RUNNING")
        else:
            self._describe(beginning)

    def _experiment(self, project: str, artifacts: str | None) -> str:
        found = self.client.get_experiment_by_name(project)
        return str(found.experiment_id if found else self.client.create_experiment(project, artifacts))

    def _describe(self, beginning: Beginning) -> None:
        from mlflow.entities import Param

        told = {**leaves(beginning.config), **leaves({"gliexp": facts(beginning.facts)})}
        parameters = [Param(key, str(value)[:MOST]) for key, value in told.items()]
        for start in range(0, len(parameters), BATCH):
            self.client.log_batch(self.run, params=parameters[start : start + BATCH])
        self.client.log_dict(self.run, dict(beginning.config), "config.yaml")

    def log(self, values: Mapping[str, float], step: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self.client.log_batch(self.run, [Metric(_legal(name), value, now, step) for name, value in values.items()])

    def checkpoint(self, directory: Path, step: int) -> None:
        if self.log_model == "checkpoints":
            self.client.log_artifacts(self.run, str(directory), directory.name)

    def finish(self, ending: Ending) -> str:
        """Figures, plots, errors and the model where they are wanted."""
        if ending.metrics:
            self.log(final(ending.metrics), 0)
        for plot in sorted((self.directory / "plots").glob("*.png")):
            self.client.log_artifact(self.run, str(plot), "plots")
        if ending.errors:
            self.client.log_dict(self.run, {"errors": list(ending.errors)}, "errors.json")
        if self.log_model != "none" and ending.status == "done":
            for name in ("model", "adapter"):
                if (self.directory / name).is_dir():
                    self.client.log_artifacts(self.run, str(self.directory / name), name)
        self.client.set_terminated(self.run, STATES.get(ending.status, "FAILED"))
        return f"mlflow ui --backend-store-uri {self.place}" if self.place.startswith("sqlite") else self.place


def _legal(name: str) -> str:
    """A name that MLflow takes: letters, digits and /_-. :, and no part that is empty or dots alone."""
    plain = re.sub(r"[^\w\-. :/]", "_", name)
    return "/".join("_" if part.strip(". ") == "" else part for part in plain.split("/"))
