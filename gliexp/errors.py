"""Everything that gliexp refuses or fails with, and the one place where it becomes text.

A refusal gathers every problem it can find before it is raised, so that a user mends a config once and not ten times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, as the user should read it.

    `key` names the place (a config key, a file, a command word), `message` says what is wrong with which value,
    `allowed` says what would be right, `where` is `file:line` or `command line`, `nearest` the closest valid name.
    """

    key: str
    message: str
    allowed: str = ""
    where: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        parts = [f"{self.key}: {self.message}"]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.nearest:
            parts.append(f"did you mean {self.nearest}?")
        text = "; ".join(parts)
        return f"{text} [{self.where}]" if self.where else text


class GliexpError(Exception):
    """Base of every error that is the user's to read; `exit_code` is what the process ends with."""

    exit_code = 1


class Refusal(GliexpError):
    """The request is refused before anything ran: config, data or environment (exit code 2)."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        if not self.problems:
            raise ValueError("a refusal needs at least one problem")
        super().__init__(self._text())

    def _text(self) -> str:
        count = len(self.problems)
        head = "refused: 1 problem" if count == 1 else f"refused: {count} problems"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])


class RunFailed(GliexpError):
    """A run that had started could not go on (exit code 1)."""


class Pruned(GliexpError):
    """A run was ended early because a search found it hopeless beside its other trials (exit code 0)."""

    exit_code = 0


class Interrupted(GliexpError):
    """A run was ended from outside after it had written a checkpoint; carries 128 + the signal's number."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number
