"""What the world outside asks of a run: a checkpoint now (SIGUSR1, or a touched file), or an end (SIGINT, SIGTERM)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

STOPS = (signal.SIGINT, signal.SIGTERM)
CLUSTER_STOPS = (signal.SIGUSR2,)
"""What SLURM sends before a time limit, and at a preemption beside SIGTERM (submitit's choice)."""
SAVES = tuple(number for number in (getattr(signal, "SIGUSR1", None),) if number is not None)
FILE = "SAVE"
"""Touched in a run's directory, it asks for a checkpoint; it is removed when that is written."""


PATIENT = "GLIEXP_PATIENT"
"""Set where a second signal is no impatience: a cluster sends several at the end of a job."""


class Stopped(BaseException):
    """Raised where the run is when a signal stops it at once; no library that catches Exception swallows it."""


class Requests:
    """Hears signals while it is entered. A second one of those that stop ends the process at once.

    `at_once` is what is said when a stop is met where it comes, by `Stopped`; while it is None a stop is only noted,
    for whoever looks at `stop`, the signal's number.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.file = None if directory is None else directory / FILE
        self.at_once: str | None = "interrupted before training began"
        self.stop: int | None = None
        self.save = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Requests:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python lets nobody handle signals
            for number in (*STOPS, *SAVES, *(CLUSTER_STOPS if PATIENT in os.environ else ())):
                self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if number in SAVES:
            self.save = True
            return
        if self.stop is not None:
            if PATIENT in os.environ:
                return
            raise KeyboardInterrupt
        self.stop = number
        if self.at_once is not None:
            raise Stopped(self.at_once)

    def from_here(self, message: str | None) -> None:
        """Set `at_once`, and meet a stop that was noted before."""
        self.at_once = message
        if message is not None and self.stop is not None:
            raise Stopped(message)

    @contextmanager
    def breaking_off(self, message: str) -> Iterator[None]:
        """Within this block a stop, also one that was noted before, is met at once."""
        if self.stop is not None:
            raise Stopped(message)
        before, self.at_once = self.at_once, message
        try:
            yield
        finally:
            self.at_once = before

    def wants_save(self) -> bool:
        """Whether a checkpoint has been asked for since the last one that was."""
        return self.save or (self.file is not None and self.file.exists())

    def saved(self) -> None:
        """Note that what was asked for is done."""
        self.save = False
        if self.file is not None:
            self.file.unlink(missing_ok=True)
