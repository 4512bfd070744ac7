"""Trackio: files on this machine, or a Space of the Hub that training.trackio_space_id names."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from gliexp.config.schema import Config
from gliexp.runs.signature import leaves
from gliexp.runs.tracking.identity import identity
from gliexp.runs.tracking.tracker import Beginning, Ending, facts, final

logger = logging.getLogger("gliexp")

REMOTE = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")
"""Variables that send a run elsewhere, whatever its arguments say."""


class Trackio:
    """Reports to Trackio; the name of a run is that of the config with some letters more, which keep it apart."""

    name = "trackio"

    def __init__(self, config: Config, beginning: Beginning) -> None:
        training, settings = config.training, config.tracking
        online = settings.mode == "online"
        self.directory = beginning.directory
        self.log_model = settings.log_model
        self.project = settings.project
        self.private = training.hub_private_repo
        self.snapshot = training.trackio_static_space_id if online else False
        name = f"{training.run_name or beginning.name}-{identity(self.name, beginning)}"
        told = {**leaves(beginning.config), "gliexp": facts(beginning.facts)}
        told |= {"tags": list(config.run.tags), "notes": config.run.notes or "", "job_type": settings.job_type}
        held = {} if online else {name: os.environ.pop(name) for name in REMOTE if name in os.environ}
        try:
            with _quiet():
                import trackio

                self.trackio = trackio
                self.run = trackio.init(
                    project=self.project,
                    name=name,
                    group=settings.group or beginning.group,
                    space_id=training.trackio_space_id if online else None,
                    bucket_id=training.trackio_bucket_id if online else None,
                    private=self.private,
                    config=told,
                    resume="allow",
                    embed=False,
                    auto_log_gpu=False,  # the same for every tracker: runs/tracking/machine.py
                    auto_log_cpu=False,
                )
        finally:
            os.environ.update(held)
        self.space: str | None = trackio.context_vars.current_space_id.get()

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._log(values, step)

    def _log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        with _quiet():
            self.run.log(dict(values), step=step)

    def checkpoint(self, directory: Path, step: int) -> None:
        if self.log_model == "checkpoints":
            self._keep(directory, "checkpoint")

    def finish(self, ending: Ending) -> str:
        """Figures, plots, errors and the model where they are wanted; of a Space a snapshot that stays."""
        told: dict[str, Any] = {**final(ending.metrics)}
        for plot in sorted((self.directory / "plots").glob("*.png")):
            told[f"plots/{plot.stem}"] = self.trackio.Image(str(plot))
        if ending.errors:
            columns = list(ending.errors[0])
            rows = [[error[column] for column in columns] for error in ending.errors]
            told["errors"] = self.trackio.Table(columns=columns, data=rows)
        if told:
            self._log(told)
        if self.log_model != "none" and ending.status == "done":
            for name in ("model", "adapter"):
                if (self.directory / name).is_dir():
                    self._keep(self.directory / name, name)
        with _quiet():
            self.run.finish()
        if self.space is None:
            return f"trackio show --project {self.project}"
        if self.snapshot is not False:
            with _quiet():
                self.trackio.freeze(self.space, self.project, new_space_id=self.snapshot, private=self.private)
        return f"https://huggingface.co/spaces/{self.space}"

    def _keep(self, directory: Path, kind: str) -> None:
        with _quiet():
            self.run.log_artifact(str(directory), name=f"{self.run.name}-{kind}", type=kind)


@contextmanager
def _quiet() -> Iterator[None]:
    """Sends what Trackio prints into the log: the terminal is the run's."""
    said = io.StringIO()
    with redirect_stdout(said):
        yield
    if said.getvalue().strip():
        logger.info("trackio: %s", said.getvalue().strip())
