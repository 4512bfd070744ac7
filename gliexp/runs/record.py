"""run.json: what a run is, how far it came and why it ended; always a whole, readable file."""

from __future__ import annotations

import json
import logging
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gliexp.config import secrets
from gliexp.runs.signature import versions

logger = logging.getLogger("gliexp")


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write beside and rename, so that a reader or a kill never meets half a file."""
    beside = path.with_name(f".{path.name}.part")
    text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    beside.write_text(secrets.scrub_file(text) + "\n", encoding="utf-8")
    beside.replace(path)


class RunRecord:
    """The document behind run.json; every `update` is on disk when it returns."""

    def __init__(self, path: Path, *, task: str, name: str, signature: str, overrides: Sequence[str]) -> None:
        self.path = path
        self._clock = time.monotonic()
        self.document: dict[str, Any] = {
            "status": "running",
            "task": task,
            "name": name,
            "signature": signature,
            "command": shlex.join(["python", "-m", "gliexp", *overrides]),
            "overrides": list(overrides),
            "started": _now(),
            "finished": None,
            "seconds": None,
            "versions": {"python": platform.python_version(), **versions()},
            "git_commit": git_commit(),
            "error": None,
        }
        write_json(self.path, self.document)

    def update(self, **facts: Any) -> None:
        """Add facts (device, data, parameters …) and write the file."""
        self.document |= facts
        write_json(self.path, self.document)

    def try_update(self, **facts: Any) -> bool:
        """The same where a disk that takes nothing more must not hide what happened; whether it was written."""
        try:
            self.update(**facts)
        except OSError as error:
            logger.warning("%s cannot be written: %s", self.path, error)
            return False
        return True

    def end(self, status: str, error: str | None = None) -> None:
        """Close the record as done, failed or interrupted. Only a run that is done needs it to be on disk."""
        facts = {"status": status, "error": error, "finished": _now()}
        seconds = round(time.monotonic() - self._clock, 3)
        write = self.update if status == "done" else self.try_update
        write(**facts, seconds=seconds)


class Unwritten(RunRecord):
    """The record of a process that is not the one that writes."""

    def __init__(self) -> None:
        self.document = {}

    def update(self, **facts: Any) -> None:
        """Nothing."""


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def git_commit() -> str | None:
    """Commit of the checkout that holds gliexp, with "+changes" when the tree differs from it; None outside of git."""
    source = Path(__file__).resolve().parent
    try:
        commit = _git(source, "rev-parse", "HEAD")
        return f"{commit}+changes" if _git(source, "status", "--porcelain", "--untracked-files=no") else commit
    except (OSError, subprocess.SubprocessError):
        return None


def _git(directory: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=directory, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()


def machine(device: str) -> dict[str, Any]:
    """Where the run happens: device name, platform and how Python was started."""
    return {"device": device, "platform": platform.platform(), "executable": Path(sys.executable).name}
