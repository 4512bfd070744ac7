"""What the processes of a run are told, and where they leave how they ended."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path

from gliexp.config.compose import Composed
from gliexp.launch.search.trial import TrialAddress

PLACE = ".ranks"
"""Where in a run's directory its processes are told what to do, and leave how they ended."""


@dataclass(frozen=True)
class Orders:
    """What a process of a run is told: the composed run (tokens are marks), its directory, a search's trial."""

    composed: Composed
    directory: Path
    trial: TrialAddress | None = None

    def write(self) -> Path:
        """Write them into the run's directory and return the file."""
        place = self.directory / PLACE
        place.mkdir(parents=True, exist_ok=True)
        file = place / "orders.pickle"
        fresh = file.with_name(f".{file.name}.{os.getpid()}")
        fresh.write_bytes(pickle.dumps(self))
        fresh.replace(file)
        return file

    @classmethod
    def read(cls, file: Path) -> Orders:
        """Read what `write` wrote."""
        orders = pickle.loads(file.read_bytes())
        assert isinstance(orders, cls)
        return orders


def ending(directory: Path, rank: int) -> Path:
    """The file that says what ended a process."""
    return directory / PLACE / f"ended-{rank}.json"
