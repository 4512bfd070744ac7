"""Ending jobs, and a note of it: SLURM keeps nothing of a member of an array that is cancelled before it begins."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gliexp.launch.cluster.command import call
from gliexp.launch.cluster.registry import Job
from gliexp.runs.record import write_json


def cancel(jobs: Sequence[Job], why: str) -> None:
    """Take jobs from the queue or end them. Raises RunFailed where the controller does not answer."""
    call("scancel", *(job.id for job in jobs))
    for job in jobs:
        write_json(job.directory / ".ranks" / "cancelled.json", {"job": job.id, "why": why})


def cancelled(job: Job) -> str | None:
    """Why a job was cancelled by gliexp; None where it was not, also where another job of its member was."""
    try:
        note = json.loads((job.directory / ".ranks" / "cancelled.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return str(note["why"]) if note["job"] == job.id else None
