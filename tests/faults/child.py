"""Runs gliexp in a forked process that can be killed: the imports, which take seconds, are made once, before."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import gliexp.runs.class_ending
import gliexp.runs.classification
import gliexp.runs.entity_ending
import gliexp.runs.stages  # noqa: F401 - imported before the fork, so that no child has to
from gliexp.cli import main


class Child:
    """A run that was started; `prepare` is called in the child before it begins."""

    def __init__(self, words: Sequence[str], directory: Path, prepare: Callable[[], None] = lambda: None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self.output = directory / "output.txt"
        self.started = self.ended = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            self._run(list(words), prepare)

    def _run(self, words: list[str], prepare: Callable[[], None]) -> None:
        code = 70
        try:
            os.setsid()
            os.chdir(self.directory)
            for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
                signal.signal(number, handler)
            out = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(out, 1)
            os.dup2(out, 2)
            sys.stdout = os.fdopen(1, "w", buffering=1)
            sys.stderr = os.fdopen(2, "w", buffering=1)
            prepare()
            code = main(words)
        except BaseException:  # noqa: BLE001 - the child must never return into the tests
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def kill(self, number: int = signal.SIGKILL) -> None:
        os.kill(self.pid, number)

    def kill_all(self) -> None:
        """SIGKILL for the run and its data workers, as the kernel or a scheduler does it."""
        os.killpg(self.pid, signal.SIGKILL)

    def running(self) -> bool:
        """Whether it has not ended yet (it stays to be waited for)."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self, timeout: float = 600) -> int:
        """Its exit code, or minus the signal that killed it."""
        deadline = time.monotonic() + timeout
        while self.running():
            if time.monotonic() > deadline:
                self.kill_all()
                raise AssertionError(f"the run did not end:\n{self.said()}")
            time.sleep(0.01)
        self.ended = time.monotonic()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def seconds(self) -> float:
        """How long it has lasted, or did."""
        return self.ended - self.started

    def said(self) -> str:
        """Everything that it printed."""
        return self.output.read_text(encoding="utf-8", errors="replace")
