"""The `tracking` section: where metrics are reported to."""

from __future__ import annotations

from dataclasses import dataclass, field

from gliexp.config.schema.key import SCRIPT, key


@dataclass
class Use:
    """Which trackers are on; the groups tracking=wandb,tensorboard … set it, and training.report_to follows it."""

    wandb: bool = key(False, "Report to Weights & Biases", SCRIPT)
    tensorboard: bool = key(False, "Report to TensorBoard", SCRIPT)
    trackio: bool = key(False, "Report to Trackio", SCRIPT)
    mlflow: bool = key(False, "Report to MLflow", SCRIPT)


@dataclass
class Tracking:
    """Settings of the experiment trackers."""

    use: Use = field(default_factory=Use)
    project: str = key("gliexp", "Project of the tracker", SCRIPT)
    entity: str | None = key(None, "Account or team of the tracker", SCRIPT)
    group: str | None = key(None, "Group of runs; null is the sweep's directory for a sweep's members", SCRIPT)
    job_type: str | None = key(None, "Kind of the run within its group; null is the task", SCRIPT)
    mode: str = key(
        "online", "Whether the tracker sends over the network", SCRIPT, choices=("online", "offline", "disabled")
    )
    log_model: str = key(
        "none", "Models that trackers keep as artifacts", SCRIPT, choices=("none", "final", "checkpoints")
    )
    log_errors: bool = key(False, "Send a table of wrongly predicted rows: their text leaves the machine", SCRIPT)
    log_dir: str | None = key(None, "Directory of TensorBoard's files; null is the run directory", SCRIPT)
