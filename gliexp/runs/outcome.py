"""What a finished run leaves behind, for whoever called it from Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Outcome:
    """Where the run is, its metrics by split ("eval", "test"), its parameter counts, and what was said on the way."""

    directory: Path
    metrics: dict[str, Any]
    parameters: dict[str, Any]
    seconds: float
    notices: list[str] = field(default_factory=list)
