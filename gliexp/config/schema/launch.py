"""The `launch` section: with how many processes a run is started."""

from __future__ import annotations

from dataclasses import dataclass

from gliexp.config.schema.key import SCRIPT, key


@dataclass
class Launch:
    """Processes of one run."""

    mode: str = key("single", "How the run is started", SCRIPT, choices=("single",))
    processes: int = key(1, "Processes per machine", SCRIPT, minimum=1)
    threads: int | None = key(None, "CPU threads of torch per process; null leaves torch's choice", SCRIPT, minimum=1)
