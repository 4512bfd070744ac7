"""What a run is called at a tracker, kept in the run directory: a run that goes on continues the same story there."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

from gliexp.runs.tracking.tracker import Beginning


def identity(tracker: str, beginning: Beginning, make: Callable[[], str] = lambda: secrets.token_hex(6)) -> str:
    """The id of an earlier start of the same run, or one that `make` gives, which is written down."""
    file = beginning.directory / f"{tracker}_run.json"
    if beginning.resumed and file.is_file():
        return str(json.loads(file.read_text(encoding="utf-8"))["id"])
    made = make()
    file.write_text(json.dumps({"id": made}) + "\n", encoding="utf-8")
    return made
