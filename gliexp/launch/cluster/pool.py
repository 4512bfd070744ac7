"""hydra/launcher=slurm_local and local_pool: several members at once on this machine, by submitit's local executor."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

from gliexp.config import launch_checks, secrets
from gliexp.config.schema.launch import ON_GPUS
from gliexp.errors import Refusal
from gliexp.launch.cluster.job import ClusterJob
from gliexp.launch.cluster.settings import PoolSettings, problem
from gliexp.launch.launcher import Launcher
from gliexp.launch.member import FAILED, INTERRUPTED, Ended, Member
from gliexp.launch.orders import Orders
from gliexp.launch.sweep import Sweep
from gliexp.runs.entry import read
from gliexp.runs.place import prepare

STOPS = (signal.SIGINT, signal.SIGTERM)
YEAR = 365 * 24 * 60
"""Minutes; submitit's local executor wants a time limit."""


class PoolLauncher(Launcher):
    """Each member in a process of its own, with cores and GPUs that no other member in work has."""

    def __init__(self, sweep: Sweep) -> None:
        from submitit.local.local import LocalExecutor

        self.sweep = sweep
        self.settings = PoolSettings.read(sweep.master.hydra.launcher)
        self.cores = sorted(os.sched_getaffinity(0))
        launch = sweep.master.launch
        processes = launch.processes or 1
        wanted = self.settings.gpus if self.settings.gpus is not None else processes * (launch.mode in ON_GPUS)
        self.gpus_each, seen = int(wanted), launch_checks.gpus()
        if self.gpus_each > seen:
            message = f"{self.gpus_each} for each member, and {seen} are here"
            raise Refusal([problem("gpus", message, f"at most {seen}")])
        by_size = seen // self.gpus_each if self.gpus_each else max(1, len(self.cores) // self.settings.cpus)
        self.places = self.settings.at_once or by_size
        if self.gpus_each and self.places * self.gpus_each > seen:
            message = f"{self.places} members with {self.gpus_each} GPUs each, and {seen} are here"
            raise Refusal([problem("at_once", message, f"at most {by_size}")])
        self.free = list(range(self.places))
        self.executor = LocalExecutor(folder=(sweep.directory / ".jobs").absolute())
        self.working: dict[int, tuple[Member, Any]] = {}
        self.previous: dict[int, Any] = {}

    def start(self, members: Sequence[Member]) -> None:
        for member in members:
            place = self.free.pop(0)
            composed = self.sweep.compose(member.overrides)
            directory = prepare(member.directory.absolute(), self.sweep.directory.absolute())
            (directory / "run.json").unlink(missing_ok=True)  # of an earlier attempt; its checkpoints stay
            file = Orders(composed, directory, member.trial).write()
            gpus = range(place * self.gpus_each, (place + 1) * self.gpus_each)
            self.executor.update_parameters(timeout_min=YEAR, stderr_to_stdout=True, tasks_per_node=1)
            if self.gpus_each:
                self.executor.update_parameters(gpus_per_node=self.gpus_each, visible_gpus=list(gpus))
            self.working[place] = (member, self._submitted(ClusterJob(file, cores=self._cores(place))))

    def _submitted(self, run: ClusterJob) -> Any:
        """Start a member. A terminal's SIGINT is for this process alone: submitit would kill a second after it."""
        before = dict(os.environ)
        os.environ.update(secrets.environment())
        listens = threading.current_thread() is threading.main_thread()
        if listens and not self.previous:
            self.previous = {number: signal.getsignal(number) for number in STOPS}
        try:
            if listens:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return self.executor.submit(run)
        finally:
            if listens:
                for number in STOPS:
                    signal.signal(number, self._stop)
            os.environ.clear()
            os.environ.update(before)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Tell all members to write their checkpoints and end; `wait` hands them out as they do."""
        self.interrupted = self.interrupted or number
        for _, job in self.working.values():
            if job._process is not None and job._process.poll() is None:
                job._process.send_signal(signal.SIGTERM)

    def _cores(self, place: int) -> tuple[int, ...]:
        """The cores of a place; where there are not enough, places share them in turn."""
        first = place * self.settings.cpus
        return tuple(sorted({self.cores[(first + n) % len(self.cores)] for n in range(self.settings.cpus)}))

    def wait(self) -> list[Ended]:
        while True:
            over = [place for place, (_, job) in self.working.items() if job.done()]
            if over:
                return [self._ended(place) for place in over]
            time.sleep(self.settings.poll)

    def _ended(self, place: int) -> Ended:
        member, job = self.working.pop(place)
        self.free.append(place)
        entry = read(member.directory)
        if entry.status in ("done", "pruned"):
            return Ended(member, entry.status, entry.text("error") or None, 0, entry.record.get("metrics"))
        said = entry.text("error") if entry.status in (FAILED, INTERRUPTED) else ""
        told = f"its process ended, and the run said nothing: killed, or out of memory\nits log: {job.paths.stdout}"
        status = INTERRUPTED if entry.status == INTERRUPTED else FAILED
        return Ended(member, status, secrets.scrub(said) or told, 143 if status == INTERRUPTED else 1)

    def close(self) -> None:
        """Tell what is in work to stop, and wait for its checkpoints."""
        if self.working:
            self._stop(signal.SIGTERM, None)
        while not all(job.done() for _, job in self.working.values()):
            time.sleep(self.settings.poll)
        self.working.clear()
        for number, handler in self.previous.items():
            signal.signal(number, handler)
        self.previous.clear()
