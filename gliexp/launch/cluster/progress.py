"""How far a run has come, by the files in its directory and what SLURM says of its job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from gliexp.config import secrets
from gliexp.launch.cluster.cancelling import cancelled
from gliexp.launch.cluster.registry import Job
from gliexp.launch.cluster.states import GONE, State
from gliexp.launch.member import FAILED, INTERRUPTED
from gliexp.runs.entry import Entry, read

COLUMNS = ("job", "member", "state", "step", "metric", "node", "elapsed", "left")


@dataclass(frozen=True)
class Progress:
    """A job, its state, and the run in its directory."""

    job: Job
    state: State
    entry: Entry

    @classmethod
    def of(cls, job: Job, state: State) -> Progress:
        """What is known now."""
        return cls(job, state, read(job.directory))

    @property
    def status(self) -> str:
        """How the member stands, in one word: the run's where the job is over, else SLURM's."""
        if self.state.is_live:
            return self.state.word.lower()
        if self.entry.status in ("done", "pruned", FAILED):
            return self.entry.status
        ended = self.state.word.startswith("CANCELLED") or cancelled(self.job) is not None
        return INTERRUPTED if ended else FAILED

    @property
    def error(self) -> str | None:
        """Why it is not done, in the run's words, or in SLURM's where the run could say nothing."""
        if self.status in ("done", "pruned") or self.state.is_live:
            return None
        why = cancelled(self.job)
        if why is not None and self.entry.status != FAILED:
            return why
        said = self.entry.text("error")
        if self.entry.status in (FAILED, INTERRUPTED) and said:
            return secrets.scrub(said)
        if self.state.word == GONE and not self.entry.record:
            return "the job is not in the queue any more, and its run never began: cancelled, or its node was lost"
        word = "is not in the queue any more" if self.state.word == GONE else f"ended as {self.state.word}"
        where = f" on {self.state.node}" if self.state.node else ""
        likely = "killed, out of memory, or its node was lost"
        return f"the job {word}{where}, and the run said nothing: {likely}"

    def row(self) -> list[str]:
        """The cells of COLUMNS."""
        last, figures = _logged(self.job.directory / "metrics.jsonl")
        epoch = last.get("epoch")
        left = ""
        if isinstance(epoch, (int, float)) and epoch > 0 and self.state.word == "RUNNING":
            left = _clock(_seconds(self.state.elapsed) * max(0.0, self.job.epochs / epoch - 1))
        waits = f" ({self.state.reason})" if self.state.word == "PENDING" and self.state.reason else ""
        step = "" if last.get("step") is None else str(last["step"])
        return [
            self.job.id,
            str(self.job.number),
            self.status + waits,
            step,
            figures,
            self.state.node if self.state.is_live else "",
            self.state.elapsed,
            left,
        ]


def table(found: list[Progress]) -> Table:
    """All of them, one a line."""
    made = Table(box=None, pad_edge=False)
    for column in COLUMNS:
        made.add_column(column, no_wrap=column != "state")
    for one in found:
        made.add_row(*one.row())
    return made


def _logged(file: Path) -> tuple[dict[str, Any], str]:
    """The last line of metrics.jsonl, and the latest F1 or loss in it, as text."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}, ""
    last: dict[str, Any] = {}
    figure = ""
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        last = said
        scores = [name for name in said if name.startswith("eval_") and name.endswith("micro_f1")]
        scores = scores or [name for name in said if name.startswith("eval_") and name.endswith("f1")]
        if scores:
            figure = f"{scores[0].removeprefix('eval_')} {said[scores[0]]:.4f}"
        elif "loss" in said and not figure.startswith(("ner", "rel", "cls", "joint")):
            figure = f"loss {said['loss']:.4g}" if isinstance(said["loss"], (int, float)) else str(said["loss"])
    return last, figure


def _seconds(elapsed: str) -> float:
    """Seconds of SLURM's days-hours:minutes:seconds."""
    days, _, rest = elapsed.rpartition("-")
    total = 0
    for part in rest.split(":"):
        total = total * 60 + (int(part) if part.isdecimal() else 0)
    return total + 86400 * int(days or 0)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
