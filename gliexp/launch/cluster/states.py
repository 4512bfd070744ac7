"""What has become of jobs, also where a cluster keeps no accounts: the queue, then what the controller remembers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gliexp.errors import RunFailed
from gliexp.launch.cluster.command import call

FORMAT = "%i|%T|%N|%M|%r"
LIVE = frozenset(
    "PENDING RUNNING SUSPENDED COMPLETING CONFIGURING REQUEUED REQUEUE_HOLD REQUEUE_FED RESIZING SIGNALING STAGE_OUT "
    "STOPPED SPECIAL_EXIT RESV_DEL_HOLD PREEMPTED".split()
)
"""States of a job that has not come to its end; a preempted one that stays in the queue comes again."""
GONE = "GONE"
UNKNOWN = ("not found", "Invalid job id")
"""What the controller says of a job that it does not know, or has forgotten."""


@dataclass(frozen=True)
class State:
    """A job's state in SLURM's word (GONE where nobody knows it any more), node, time used, and why it waits."""

    word: str
    node: str = ""
    elapsed: str = ""
    reason: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the job is to run or runs."""
        return self.word in LIVE


def states(jobs: Iterable[str]) -> dict[str, State]:
    """The states of jobs (12 or 12_3). Raises RunFailed where the controller does not answer."""
    wanted = list(dict.fromkeys(jobs))
    queued = _queued(call("squeue", "--me", "-h", "-r", "-o", FORMAT)) if wanted else {}
    return {job: queued[job] if job in queued else remembered(job) for job in wanted}


def _queued(text: str) -> dict[str, State]:
    found = {}
    for line in text.splitlines():
        job, word, node, elapsed, reason = line.split("|", 4)
        found[job] = State(word, node, elapsed, reason)
    return found


def remembered(job: str) -> State:
    """A job that is not in the queue: from the controller, which forgets after MinJobAge, else from the accounts.

    Raises RunFailed where the controller does not answer.
    """
    try:
        text = call("scontrol", "show", "job", "-o", job)
        word, node, elapsed, reason = (_value(text, key) for key in ("JobState", "NodeList", "RunTime", "Reason"))
        return State(word or GONE, node, elapsed, reason)
    except RunFailed as error:
        if not any(words in str(error) for words in UNKNOWN):
            raise
    try:
        lines = call("sacct", "-n", "-X", "-P", "-o", "State,NodeList,Elapsed", "-j", job).splitlines()
    except RunFailed:
        return State(GONE)
    if not lines:
        return State(GONE)
    word, node, elapsed = lines[-1].split("|")[:3]
    return State(word.split()[0], node, elapsed)


def _value(text: str, key: str) -> str:
    found = re.search(rf"(?:^|\s){key}=(\S*)", text)
    return "" if found is None or found[1] == "(null)" else found[1]
