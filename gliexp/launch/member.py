"""One run of a sweep: what it is told, where it writes, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliexp.launch.search.trial import TrialAddress

FAILED = "failed"
INTERRUPTED = "interrupted"
SUBMITTED = "submitted"
"""Handed to a cluster, and not waited for."""


@dataclass(frozen=True)
class Member:
    """A run that a sweep is to make. `overrides` are its own, with tokens masked; `number` names it in messages.

    `trial` is set where a search may end it early.
    """

    number: int
    overrides: tuple[str, ...]
    directory: Path
    signature: str
    trial: TrialAddress | None = None


@dataclass(frozen=True)
class Ended:
    """How a member ended (done, failed, interrupted, pruned, submitted), with its error and what metrics.json says.

    `exit_code` is what its own process would have ended with.
    """

    member: Member
    status: str
    error: str | None = None
    exit_code: int = 0
    metrics: dict[str, Any] | None = None
