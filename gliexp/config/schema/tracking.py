"""The `tracking` section: where metrics are reported to."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import SCRIPT, key


@dataclass
class Tracking:
    """Settings of the experiment trackers; which of them are on is training.report_to."""

    project: str = key("gliexp", "Project of the tracker", SCRIPT)
    entity: str | None = key(None, "Account or team of the tracker", SCRIPT)
    mode: str = key(
        "online", "Whether the tracker sends over the network", SCRIPT, choices=("online", "offline", "disabled")
    )
    log_dir: str | None = key(None, "Directory of TensorBoard's files; null is the run directory", SCRIPT)
