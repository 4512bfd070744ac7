"""Weights & Biases: one run there for one run directory here, however often it is interrupted."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gliexp.config.schema import Config
from gliexp.runs.tracking.identity import identity
from gliexp.runs.tracking.tracker import Beginning, Ending, facts, final

logger = logging.getLogger("gliexp")

PATIENCE = 30.0  # seconds for the service to answer at the start


class WeightsAndBiases:
    """Reports to W&B, or to its files in the run directory where there is no network or no key."""

    name = "wandb"

    def __init__(self, config: Config, beginning: Beginning) -> None:
        import wandb

        settings = config.tracking
        mode: Any = settings.mode
        if mode == "online" and not _has_key():
            logger.warning("there is no W&B key (wandb login, or WANDB_API_KEY): the run is kept offline")
            mode = "offline"
        self.directory = beginning.directory
        self.log_model = settings.log_model
        options: dict[str, Any] = {
            "project": settings.project,
            "entity": settings.entity,
            "group": settings.group or beginning.group,
            "job_type": settings.job_type or config.run.task,
            "name": config.training.run_name or beginning.name,
            "tags": list(config.run.tags),
            "notes": config.run.notes or None,
            "id": identity(self.name, beginning),
            "resume": "allow",
            "dir": str(beginning.directory),
            "config": {**beginning.config, "gliexp": facts(beginning.facts)},
        }
        try:
            self.run = wandb.init(mode=mode, settings=_settings(), **options)
        except wandb.errors.CommError as error:
            logger.warning("W&B does not answer (%s): the run is kept offline", error)
            wandb.teardown()  # its process still holds the run's id: "run ID … is in use" (wandb 0.31)
            self.run = wandb.init(mode="offline", settings=_settings(), **options)
        self.run.define_metric("step", hidden=True)
        self.run.define_metric("*", step_metric="step")

    def log(self, values: Mapping[str, float], step: int) -> None:
        self.run.log({**values, "step": step})

    def checkpoint(self, directory: Path, step: int) -> None:
        if self.log_model == "checkpoints":
            self._keep(directory, "checkpoint", [f"step-{step}"])

    def finish(self, ending: Ending) -> str:
        """Figures into the summary, a table of labels, plots, errors and the model where they are wanted."""
        import wandb

        self.run.summary.update({**final(ending.metrics), "status": ending.status})
        for split, figures in ending.metrics.items():
            for kind in ("ner_per_label", "cls_per_label"):
                labels = figures.get(kind) or {}
                if labels:
                    rows = [[label, *(each[part] for part in PARTS)] for label, each in sorted(labels.items())]
                    self.run.log({f"{split}/{kind}": wandb.Table(columns=["label", *PARTS], data=rows)})
        for plot in sorted((self.directory / "plots").glob("*.png")):
            self.run.log({f"plots/{plot.stem}": wandb.Image(str(plot))})
        if ending.errors:
            columns = list(ending.errors[0])
            data = [[error[column] for column in columns] for error in ending.errors]
            self.run.log({"errors": wandb.Table(columns=columns, data=data)})
        if self.log_model != "none" and ending.status == "done":
            for name in ("model", "adapter"):
                if (self.directory / name).is_dir():
                    self._keep(self.directory / name, name, ["final"])
        offline = self.run.settings._offline
        place = f"wandb sync {Path(self.run.dir).parent}" if offline else str(self.run.url)
        self.run.finish(exit_code=0 if ending.status == "done" else 1)
        return place

    def _keep(self, directory: Path, kind: str, aliases: list[str]) -> None:
        import wandb

        artifact = wandb.Artifact(f"{kind}-{self.run.id}", type=kind)
        for file in sorted(directory.rglob("*")):  # add_dir prints, whatever the settings say
            if file.is_file():
                artifact.add_file(str(file), name=file.relative_to(directory).as_posix())
        self.run.log_artifact(artifact, aliases=aliases)


PARTS = ("precision", "recall", "f1", "support")


def _settings() -> Any:
    import wandb

    # no console capture: the terminal is the run's, and its log is in train.log
    return wandb.Settings(silent=True, console="off", init_timeout=PATIENCE, disable_code=True)


def _has_key() -> bool:
    """Whether WANDB_API_KEY or `wandb login` gives a key; nobody is asked."""
    import wandb

    return bool(wandb.login(prompt=False, verify=False))
