"""Which jobs were submitted, for those who ask later: one file for each submission, in the sweep's directory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gliexp.runs.record import write_json

PLACE = ".jobs"


@dataclass(frozen=True)
class Job:
    """A job and the member it runs; `epochs` are those that it is to train, `submitted` an ISO time."""

    id: str
    number: int
    directory: Path
    overrides: tuple[str, ...]
    epochs: float
    submitted: str

    @property
    def orders(self) -> Path:
        """What the job's processes read."""
        return self.directory / ".ranks" / "orders.pickle"


@dataclass(frozen=True)
class Submission:
    """The jobs of one submission, and how each was asked for: hydra.launcher's settings, nodes, tasks and GPUs."""

    sweep: Path
    settings: dict[str, Any]
    size: dict[str, int]
    jobs: tuple[Job, ...]

    @property
    def folder(self) -> Path:
        """Where submitit keeps its files and the jobs' logs."""
        return self.sweep / PLACE

    def write(self) -> None:
        """Keep it."""
        document = {**asdict(self), "jobs": [{**asdict(job), "directory": str(job.directory)} for job in self.jobs]}
        write_json(self.folder / f"submitted-{self.jobs[0].id.partition('_')[0]}.json", document)

    def log(self, job: Job) -> Path:
        """What a job has said."""
        return self.folder / f"{job.id}_0_log.out"


def submissions(root: Path) -> Iterator[Submission]:
    """All submissions of the sweeps under a directory, the oldest first; files that cannot be read are left out."""
    files = {*root.glob(f"{PLACE}/submitted-*.json"), *root.glob(f"**/{PLACE}/submitted-*.json")}
    for file in sorted(files, key=lambda path: path.stat().st_mtime):
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            jobs = tuple(
                Job(**{**job, "directory": Path(job["directory"]), "overrides": tuple(job["overrides"])})
                for job in said["jobs"]
            )
            yield Submission(file.parent.parent, said["settings"], said["size"], jobs)
        except (OSError, ValueError, KeyError, TypeError):
            continue


def latest(found: Sequence[Submission]) -> list[tuple[Submission, Job]]:
    """The last job of each member: one that was submitted again stands for those before it."""
    newest = {job.directory: (submission, job) for submission in found for job in submission.jobs}
    return list(newest.values())
