"""What is found while a config is composed: problems, notices, and where each value came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliexp.errors import Problem

COMMAND_LINE = "command line"
OLD_NAME = "old name"
DERIVED = "derived"


@dataclass(frozen=True)
class Step:
    """One place that set a key: `file:line` or the command line, the value there, whether the user wrote it.

    `layer` names the kind of place (`backbone=tiny`, `experiment legal_pt`, `old name` …), `note` what was done to the
    value as written, `reads` the keys that a derived value was taken from.
    """

    where: str
    value: Any
    explicit: bool
    layer: str = COMMAND_LINE
    note: str = ""
    reads: tuple[str, ...] = ()


@dataclass
class Report:
    """Collected over one composition. `chain` holds every key's steps, the last of which won.

    `choices` maps group to option, `choosers` group to the place that chose it.
    """

    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    chain: dict[str, list[Step]] = field(default_factory=dict)
    choices: dict[str, str | None] = field(default_factory=dict)
    choosers: dict[str, str] = field(default_factory=dict)
    experiment: str | None = None
    elsewhere: bool = False
    """Whether the run is made on other machines than this one."""

    def refuse(self, problem: Problem) -> None:
        """Note a problem once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def note(self, notice: str) -> None:
        """Note a correction once."""
        if notice not in self.notices:
            self.notices.append(notice)

    def record(self, key: str, step: Step) -> None:
        """Add a step to a key's chain."""
        self.chain.setdefault(key, []).append(step)

    def add(self, other: Report) -> None:
        """Take over the problems, notices and steps of another report."""
        for problem in other.problems:
            self.refuse(problem)
        for notice in other.notices:
            self.note(notice)
        for key, steps in other.chain.items():
            self.chain.setdefault(key, []).extend(steps)

    def command_line_last(self) -> None:
        """Overrides are read before the files but outweigh them: put the steps into the order that counts."""
        for steps in self.chain.values():
            steps.sort(key=lambda step: step.where == COMMAND_LINE)

    def where(self, key: str) -> str:
        """The place whose value the key has now; empty for the schema's default."""
        return self.chain[key][-1].where if key in self.chain else ""

    def explicit(self, key: str) -> bool:
        """Whether the user set the key, on the command line or in an experiment."""
        return any(step.explicit for step in self.chain.get(key, ()))
