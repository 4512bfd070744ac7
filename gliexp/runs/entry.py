"""A run directory read back, whatever state it is in: half written, damaged, of another version, or whole."""

from __future__ import annotations

import fcntl
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

RECORD = "run.json"
METRICS = "metrics.json"
ENDINGS = ("done", "failed", "interrupted", "pruned")
"""What run.json says of a run that has ended."""
STATUSES = ("running", *ENDINGS, "dead", "incomplete", "damaged", "unknown")
"""The same, and: dead (its process is gone), incomplete (no run.json), damaged (unreadable), unknown (a word of another
version)."""
PROMISED = ("signature", "command", "overrides", "started", "versions")
SEEDS = ("run.seed", "training.seed", "training.data_seed")
EXPECTED_FAULTS = (OSError, ValueError, RecursionError)
"""What reading JSON can raise: the file is not there or may not be read, is no JSON or no UTF-8, nests endlessly."""


@dataclass(frozen=True)
class Entry:
    """A run as its directory shows it; `remarks` say what is odd about the directory.

    `record` is run.json and `metrics` are the numbers of metrics.json as {"test.ner_micro_f1": 0.9}; both are empty
    where the file is missing or cannot be read.
    """

    path: Path
    status: str
    record: Mapping[str, Any]
    metrics: Mapping[str, float]
    remarks: tuple[str, ...] = ()

    @cached_property
    def settings(self) -> dict[str, str]:
        """The run's overrides as {key or group: value as written}."""
        given = self.record.get("overrides")
        return dict(split_override(text) for text in given if isinstance(text, str)) if isinstance(given, list) else {}

    @property
    def task(self) -> str:
        """The task, or an empty text."""
        return self.text("task")

    @property
    def name(self) -> str:
        """The run's name; the directory's where the record has none."""
        return self.text("name") or self.path.name

    @property
    def signature(self) -> str:
        """The signature, or an empty text."""
        return self.text("signature")

    @property
    def seconds(self) -> float | None:
        """How long the run took, in seconds; None where it has not ended."""
        return number(self.record.get("seconds"))

    def text(self, key: str) -> str:
        """A text of the record; empty where it is missing or something else."""
        value = self.record.get(key)
        return value if isinstance(value, str) else ""

    @cached_property
    def setting(self) -> tuple[Any, ...]:
        """What the run shares with those that differ from it by nothing but the seed."""
        if self.text("setting"):
            return (self.text("setting"),)
        shared = {key: value for key, value in self.settings.items() if key not in SEEDS}
        versions = self.record.get("versions")
        return (self.task, *sorted(shared.items()), json.dumps(versions, sort_keys=True, default=str))


def read(path: Path) -> Entry:
    """The run in a directory. Never raises: what cannot be read is a remark."""
    remarks: list[str] = []
    record, fault = _mapping(path / RECORD)
    if record is None:
        if fault is not None:
            return Entry(path, "damaged", {}, {}, (fault,))
        status = "running" if is_held(path) else "incomplete"
        return Entry(path, status, {}, {}, (f"no {RECORD}",))
    status = _status(path, record, remarks)
    figures, fault = _mapping(path / METRICS)
    if fault is not None:
        remarks.append(fault)
    recorded = record.get("metrics")
    figures = figures if figures is not None else recorded if isinstance(recorded, dict) else {}
    metrics = numbers(figures)
    if status == "done" and not metrics:
        status = "damaged"
        remarks.append("no metrics, although run.json says done")
    missing = [key for key in PROMISED if key not in record]
    if missing and status != "damaged":
        remarks.append(f"of another version: run.json has no {', '.join(missing)}")
    return Entry(path, status, record, metrics, tuple(remarks))


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a run directory. The lock is the operating system's: the dead hold none."""
    try:
        with (path / ".lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def split_override(text: str) -> tuple[str, str]:
    """An override as key and value; the value of `~group` is the empty text."""
    key, _, value = text.partition("=")
    return key.lstrip("+~"), value


def number(value: Any) -> float | None:
    """The value if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def numbers(tree: Mapping[str, Any], prefix: str = "", depth: int = 2) -> dict[str, float]:
    """The finite numbers of nested mappings by their dotted names, `depth` levels down: per-label tables stay out."""
    found: dict[str, float] = {}
    for key, value in tree.items():
        plain = number(value)
        if plain is not None:
            found[f"{prefix}{key}"] = plain
        elif isinstance(value, dict) and depth > 1:
            found |= numbers(value, f"{prefix}{key}.", depth - 1)
    return found


def _status(path: Path, record: Mapping[str, Any], remarks: list[str]) -> str:
    said = record.get("status")
    if said == "running":
        return "running" if is_held(path) else "dead"
    if said in ENDINGS:
        return str(said)
    remarks.append("run.json has no status" if said is None else f"run.json has the unknown status {said!r:.40}")
    return "unknown"


def _mapping(path: Path) -> tuple[dict[str, Any] | None, str | None]:
    """A file's JSON object, or what is wrong with it; neither where there is no such file."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None, None
    except EXPECTED_FAULTS as error:
        reason = error.strerror if isinstance(error, OSError) else "not whole JSON"
        return None, f"{path.name} cannot be read: {reason or type(error).__name__}"
    return (content, None) if isinstance(content, dict) else (None, f"{path.name} holds no object")
