"""What every tracker can do, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Beginning:
    """A run at its start. `config` is the resolved config, masked; `facts` are run.json's; `group` is that of a sweep.

    `resumed` says that the run goes on in its directory: what it told before belongs to the same story.
    """

    directory: Path
    name: str
    config: Mapping[str, Any]
    facts: Mapping[str, Any]
    group: str | None = None
    resumed: bool = False


@dataclass(frozen=True)
class Ending:
    """A run at its end: its metrics by split, and wrongly predicted rows (text, label, kind), if they may be shown."""

    status: str
    metrics: Mapping[str, Any] = field(default_factory=dict)
    errors: Sequence[Mapping[str, str]] = ()


class Tracker(Protocol):
    """One tracker of one run. Any method may raise: the caller goes on without it."""

    name: str

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Take numbers of a step: `train/loss`, `eval/ner_micro_f1` …"""

    def checkpoint(self, directory: Path, step: int) -> None:
        """Take note of a saved checkpoint."""

    def finish(self, ending: Ending) -> str:
        """End the story; return where it can be seen, in words."""


def facts(known: Mapping[str, Any]) -> dict[str, Any]:
    """What a tracker is told of run.json: what the run was, by which its result can be had again."""
    wanted = ("signature", "command", "data", "git_commit", "versions")
    return {name: known[name] for name in wanted if name in known}


def final(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The chosen model's figures by the names that every tracker has for them.

    `final/test/ner_micro_f1`, and of a label `final/test/ner_per_label/person/f1`.
    """
    return {f"final/{name}": value for name, value in flat(metrics).items()}


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Numbers of nested mappings by their path; everything else is left out."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = float(value)
    return found
