"""Starts the processes of a run on this machine, hands signals on to them, and ends them all when one has failed.

torch's elastic launcher does the same, but sends each signal twice where a terminal sends one too, and kills what has
not ended 30 s later (torch/distributed/elastic/multiprocessing/api.py): the second signal ends a run without its
checkpoint here, and a checkpoint may take longer.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

from gliexp.config import launch_checks, secrets
from gliexp.config.compose import Composed
from gliexp.errors import Interrupted, Problem, Pruned, Refusal, RunFailed
from gliexp.launch.orders import Orders, ending
from gliexp.launch.search.trial import TrialAddress

GRACE = 5.0
"""Seconds that the others have to end by themselves once one has failed."""
POLL = 0.05
CONSEQUENCES = ("another rank met a bad step", "Connection closed by peer", "Connection reset by peer", "Broken pipe")
"""What processes say that fail because another one did."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class Processes:
    """The processes of one run on this machine. `run` returns when all of them have done their part."""

    def __init__(self, composed: Composed, directory: Path, trial: TrialAddress | None = None) -> None:
        self.composed = composed
        self.directory = directory.absolute()
        self.trial = trial
        self.count = launch_checks.ranks(composed.config)
        self.children: list[subprocess.Popen[bytes]] = []
        self.received: int | None = None
        self.ended_first: list[int] = []

    def run(self) -> None:
        """Raises Interrupted, Pruned, Refusal or RunFailed as the run itself would, with the error that came first."""
        previous = self._listen()
        try:
            self._start()
            self._watch()
        finally:
            self._kill()
            for number, handler in previous.items():
                signal.signal(number, handler)
        self._raise()

    # -- starting ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        file = Orders(self.composed, self.directory, self.trial).write()
        shared = self._variables()
        for rank in range(self.count):
            ending(self.directory, rank).unlink(missing_ok=True)
            variables = {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}
            command = [sys.executable, "-m", "gliexp.launch.rank", str(file)]
            if rank == 0:
                child = subprocess.Popen(command, env=variables, start_new_session=True)
            else:
                with self.log(rank).open("wb") as log:
                    child = subprocess.Popen(
                        command, env=variables, start_new_session=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL
                    )
            self.children.append(child)

    def log(self, rank: int) -> Path:
        """What a process other than the first says."""
        return ending(self.directory, rank).with_name(f"rank-{rank}.log")

    def _variables(self) -> dict[str, str]:
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, len(os.sched_getaffinity(0)) // self.count))
        return {
            **os.environ,
            **secrets.environment(),
            "WORLD_SIZE": str(self.count),
            "LOCAL_WORLD_SIZE": str(self.count),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(_free_port()),
            "OMP_NUM_THREADS": threads,
            "GLIEXP_PARENT": str(os.getpid()),
            **({"ACCELERATE_USE_CPU": "1"} if self.composed.config.training.use_cpu else {}),
        }

    # -- watching ---------------------------------------------------------------------------------------------------

    def _listen(self) -> dict[int, Any]:
        if threading.current_thread() is not threading.main_thread():
            return {}  # Python lets nobody else handle signals
        return {number: signal.signal(number, self._hand_on) for number in SIGNALS}

    def _hand_on(self, number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGUSR1:
            self.received = self.received or number
        self._send(number)

    def _send(self, number: int) -> None:
        for child in self.children:
            if child.poll() is None:
                child.send_signal(number)

    def _watch(self) -> None:
        deadline: float | None = None
        while True:
            for rank, child in enumerate(self.children):
                if child.poll() is not None and rank not in self.ended_first:
                    self.ended_first.append(rank)
                    if child.returncode != 0 and deadline is None and not self._stops_with_a_checkpoint(rank):
                        deadline = time.monotonic() + GRACE
            if len(self.ended_first) == self.count:
                return
            if deadline is not None and time.monotonic() > deadline:
                return
            time.sleep(POLL)

    def _stops_with_a_checkpoint(self, rank: int) -> bool:
        """Whether a process ended since it was told to: the first one may be writing still."""
        return self.children[rank].returncode in (128 + signal.SIGINT, 128 + signal.SIGTERM) and rank != 0

    def _kill(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()

    # -- telling ----------------------------------------------------------------------------------------------------

    def _raise(self) -> None:
        codes = [child.returncode for child in self.children]
        told = [self._told(rank) for rank in range(self.count)]
        if not any(codes):
            if told[0].get("kind") == Pruned.__name__:
                raise Pruned(told[0]["error"])
            return
        if self.received is not None and all(code in _of_signal(self.received) for code in codes):
            message = told[0].get("error", "interrupted before training began")
            self._settle("interrupted", message)
            raise Interrupted(message, self.received)
        rank = self._culprit(codes, told)
        error, code = self._error(rank, codes[rank], told[rank]), codes[rank]
        if told[rank].get("kind") == Refusal.__name__:
            raise Refused(error)
        if code in (128 + signal.SIGINT, 128 + signal.SIGTERM):
            self._settle("interrupted", error)
            raise Interrupted(error, code - 128)
        self._settle("failed", error)
        raise RunFailed(error)

    def _told(self, rank: int) -> dict[str, Any]:
        try:
            told = json.loads(ending(self.directory, rank).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _culprit(self, codes: list[int], told: list[dict[str, Any]]) -> int:
        """The process whose end brought the others down, as far as can be told."""
        failed = [rank for rank in self.ended_first if codes[rank] != 0] or [codes.index(next(filter(None, codes)))]
        causes = [rank for rank in failed if not any(words in told[rank].get("error", "") for words in CONSEQUENCES)]
        return (causes or failed)[0]

    def _error(self, rank: int, code: int, told: dict[str, Any]) -> str:
        if "error" in told:
            return str(told["error"]) if rank == 0 else f"rank {rank}: {told['error']} (its log: {self.log(rank)})"
        where = "" if rank == 0 else f"; its log: {self.log(rank)}"
        if code < 0:
            name = signal.Signals(-code).name
            likely = ", most often by the system when the machine's memory was full" if -code == signal.SIGKILL else ""
            return f"rank {rank} was ended by {name}{likely}{where}"
        return f"rank {rank} ended with exit code {code} and said nothing{where}"

    def _settle(self, status: str, error: str) -> None:
        """run.json as the first process would have left it, had it known."""
        from gliexp.runs.record import write_json

        file = self.directory / "run.json"
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        if record.get("status") in ("running", status):
            write_json(file, {**record, "status": status, "error": error})


class Refused(Refusal):
    """A refusal of a process of the run, whose text is made already."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__([Problem("run", text)])

    def _text(self) -> str:
        return self.text


def _of_signal(number: int) -> tuple[int, int]:
    """The exit codes of a process that was told to stop: in its own way, or before it listened."""
    return 128 + number, -number


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
