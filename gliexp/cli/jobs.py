"""The jobs verb: how submitted jobs stand, what they said, ending them, and submitting again what failed."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console

from gliexp.config import secrets
from gliexp.errors import Problem, Refusal
from gliexp.launch.cluster import command, states
from gliexp.launch.cluster.cancelling import cancel
from gliexp.launch.cluster.offer import Size
from gliexp.launch.cluster.progress import Progress, table
from gliexp.launch.cluster.registry import Job, Submission, latest, submissions
from gliexp.launch.cluster.settings import SlurmSettings

ACTIONS = ("list", "log", "cancel", "retry")
USAGE = "jobs [list|log|cancel|retry] [DIR|JOB…] [--lines N]"


def run(words: Sequence[str]) -> int:
    """List, show, cancel or submit again; 0, or 1 where a job that is listed has failed."""
    action, rest = (words[0], words[1:]) if words and words[0] in ACTIONS else ("list", words)
    parser = argparse.ArgumentParser(prog="gliexp jobs", usage=USAGE)
    parser.add_argument("named", nargs="*", default=[])
    parser.add_argument("--lines", type=int, default=20)
    given = parser.parse_args(list(rest))
    found = _chosen(given.named)
    if action == "log":
        for submission, job in found:
            print(f"{job.id}, member {job.number}: {submission.log(job)}")
            print(_tail(submission.log(job), given.lines))
        return 0
    command.need()
    now = states.states(job.id for _, job in found)
    standing = [(submission, Progress.of(job, now[job.id])) for submission, job in found]
    if action == "cancel":
        return _cancel([one.job for _, one in standing if one.state.is_live])
    if action == "retry":
        return _retry(standing)
    Console(soft_wrap=True).print(table([one for _, one in standing]))
    failed = [one for _, one in standing if one.error is not None]
    for one in failed:
        lines = (one.error or "").splitlines()
        print(f"{one.job.id}, member {one.job.number}: {one.status}", *lines[:4], sep="\n    ")
    return int(bool(failed))


def _chosen(named: Sequence[str]) -> list[tuple[Submission, Job]]:
    """The jobs that are meant: all under directories, those of numbers; without a word all under multirun/ here."""
    places = [Path(word) for word in named if Path(word).is_dir()]
    numbers = [word for word in named if not Path(word).is_dir()]
    roots = places or [Path("multirun")]
    everything = [pair for root in roots for pair in latest(list(submissions(root)))]
    if not everything:
        where = ", ".join(map(str, roots))
        raise Refusal([Problem("jobs", f"no submitted jobs under {where}", "a sweep's directory", "command line")])
    if not numbers:
        return everything
    problems = []
    chosen = []
    for number in numbers:
        meant = [pair for pair in everything if number in (pair[1].id, pair[1].id.partition("_")[0])]
        chosen += [pair for pair in meant if pair not in chosen]
        if not meant:
            known = ", ".join(job.id for _, job in everything[:20])
            problems.append(Problem(number, "neither a directory nor a job", known, "command line"))
    if problems:
        raise Refusal(problems)
    return chosen


def _tail(file: Path, lines: int) -> str:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "    (it has said nothing yet)"
    return secrets.scrub("\n".join(f"    {line}" for line in text.splitlines()[-lines:]))


def _cancel(jobs: Sequence[Job]) -> int:
    if not jobs:
        print("none of them is in the queue")
        return 0
    cancel(jobs, "cancelled (gliexp jobs cancel)")
    print(f"cancelled: {', '.join(job.id for job in jobs)}")
    return 0


def _retry(standing: Sequence[tuple[Submission, Progress]]) -> int:
    """Submit again what is over without a result; each goes on from its last checkpoint."""
    from gliexp.launch.cluster.submit import Submitter

    again: dict[int, list[Progress]] = defaultdict(list)
    of = {}
    for submission, one in standing:
        if not one.state.is_live and one.status not in ("done", "pruned"):
            again[id(submission)].append(one)
            of[id(submission)] = submission
    if not again:
        print("nothing has failed")
    for key, members in again.items():
        submission = of[key]
        settings, size = SlurmSettings(**submission.settings), Size(**submission.size)
        submitter = Submitter(submission.folder, settings, size, f"gliexp-{submission.sweep.name}")
        submitter.attempt(len(members))
        for one in members:
            (one.job.directory / "run.json").unlink(missing_ok=True)
        ids = submitter.submit([one.job.orders for one in members])
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        jobs = [replace(one.job, id=new, submitted=now) for one, new in zip(members, ids, strict=True)]
        replace(submission, jobs=tuple(jobs)).write()
        for one, new in zip(members, ids, strict=True):
            print(f"member {one.job.number}: {one.job.id} ({one.status}) again as {new}")
    return 0
