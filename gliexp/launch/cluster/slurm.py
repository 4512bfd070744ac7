"""hydra/launcher=slurm: the members of a sweep as an array of jobs, watched until they end or left to themselves."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from hydra.core.utils import _save_config
from omegaconf import OmegaConf
from rich.console import Console
from rich.live import Live

from gliexp.config.compose import Composed
from gliexp.config.schema.launch import ON_GPUS
from gliexp.errors import Problem, Refusal, RunFailed
from gliexp.launch.cluster import command, offer, states
from gliexp.launch.cluster.cancelling import cancel
from gliexp.launch.cluster.offer import Size
from gliexp.launch.cluster.progress import Progress, table
from gliexp.launch.cluster.registry import Job, Submission
from gliexp.launch.cluster.settings import SlurmSettings, problem
from gliexp.launch.cluster.submit import Submitter
from gliexp.launch.launcher import Launcher
from gliexp.launch.member import FAILED, INTERRUPTED, SUBMITTED, Ended, Member
from gliexp.launch.orders import Orders
from gliexp.launch.sweep import Sweep
from gliexp.runs.place import prepare

ALL = 1_000_000
UNANSWERED = 60.0
"""Seconds without an answer of the controller after which that is said."""


class SlurmLauncher(Launcher):
    """Submits what it is given as one array, and tells of each member when its job has come to its end."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.settings = SlurmSettings.read(sweep.master.hydra.launcher)
        command.need()
        self.offered = offer.nodes()
        self.places = (self.settings.array_parallelism or 1) if self.searches else ALL
        self.members: dict[str, Member] = {}
        self.jobs: dict[str, Job] = {}
        self.shown = dict[str, str]()
        self.live: Live | None = None
        self.answered = time.monotonic()
        self.failed: Member | None = None  # the one for which the others were cancelled

    @property
    def searches(self) -> bool:
        """Whether members are drawn one by one; a grid is submitted as a whole, and SLURM does the rest."""
        return not str(self.sweep.master.hydra.sweeper._target_).startswith("hydra.")

    def accept(self, members: Sequence[Member]) -> None:
        """Raise Refusal for members that no node can run or that the cluster will not take; nothing is written."""
        found = [self._sized(self.sweep.compose(member.overrides)) for member in members]
        sizes = dict.fromkeys(found)
        problems = [fault for size in sizes for fault in offer.misfits(self.settings, size, self.offered)]
        if len(sizes) > 1:
            problems.append(Problem("launch", "members of different sizes cannot be one array", "one sweep for each"))
        if self.searches and not self.settings.wait:
            problems.append(problem("wait", "a search draws members by what others have scored", "true"))
        if problems:
            raise Refusal(problems)

    def _sized(self, composed: Composed) -> Size:
        launch = composed.config.launch
        tasks, gpus = launch.processes, self.settings.gpus
        if tasks is None:
            if not gpus:
                message = "nobody here knows how many GPUs a node of the cluster has"
                raise Refusal([Problem("launch.processes", message, "a number, or hydra.launcher.gpus")])
            tasks = gpus
        on_gpus = tasks if launch.mode in ON_GPUS else 0
        return Size(launch.nodes, tasks, gpus if gpus is not None else on_gpus)

    # -- submitting -------------------------------------------------------------------------------------------------

    def start(self, members: Sequence[Member]) -> None:
        ready = []
        if not members:
            return
        if self.searches:
            self.accept(members)
        for member in members:
            composed = self.sweep.compose(member.overrides)
            size = self._sized(composed)
            ready.append((member, composed, self._ordered(member, composed)))
        submitter = Submitter(self.sweep.directory / ".jobs", self.settings, size, self._name(ready[0][1]))
        submitter.attempt(len(ready))
        ids = submitter.submit([file for _, _, file in ready])
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        jobs = tuple(
            Job(one, member.number, member.directory.absolute(), member.overrides, _epochs(composed), now)
            for one, (member, composed, _) in zip(ids, ready, strict=True)
        )
        Submission(self.sweep.directory.absolute(), asdict(self.settings), asdict(size), jobs).write()
        for job, member in zip(jobs, members, strict=True):
            self.members[job.id], self.jobs[job.id] = member, job
        print(f"submitted: {ids[0]}" + (f" to {ids[-1]}" if len(ids) > 1 else ""), flush=True)

    def _name(self, composed: Composed) -> str:
        return f"gliexp-{composed.config.run.task}-{self.sweep.directory.name}"[:60]

    def _ordered(self, member: Member, composed: Composed) -> Path:
        """Write what the job's processes read, and what Hydra leaves of a job."""
        directory = prepare(member.directory.absolute(), self.sweep.directory.absolute())
        # of an earlier attempt; what it trained stands in checkpoints/
        (directory / "run.json").unlink(missing_ok=True)
        hydra = directory / ".hydra"
        config = self.sweep.loader.ready
        plain = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        _save_config(plain, "config.yaml", hydra)
        _save_config(OmegaConf.masked_copy(config, ["hydra"]), "hydra.yaml", hydra)
        _save_config(config.hydra.overrides.task, "overrides.yaml", hydra)
        return Orders(composed, directory, member.trial).write()

    # -- watching ---------------------------------------------------------------------------------------------------

    def wait(self) -> list[Ended]:
        if not self.settings.wait:
            members, self.members = list(self.members.values()), {}
            return [Ended(member, SUBMITTED) for member in members]
        try:
            while True:
                ended = [one for one in self._look() if not one.state.is_live]
                if ended:  # all are taken out first: what has ended is not cancelled for another's failure
                    taken = [(self.members.pop(one.job.id), one) for one in ended]
                    return [self._ended(member, one) for member, one in taken]
                time.sleep(self.settings.poll)
        except KeyboardInterrupt:
            print(f"the jobs go on: python -m gliexp jobs {self.sweep.directory}", flush=True)
            raise

    def _look(self) -> list[Progress]:
        try:
            now = states.states(self.members)
            self.answered = time.monotonic()
        except RunFailed as error:
            if time.monotonic() - self.answered > UNANSWERED:
                print(f"the cluster does not answer, and is asked again: {error}", flush=True)
                self.answered = time.monotonic()
            return []
        found = [Progress.of(self.jobs[job], state) for job, state in now.items()]
        self._show(found)
        return found

    def _show(self, found: list[Progress]) -> None:
        """A table that stays where it is on a terminal; elsewhere a line for each change of a state."""
        console = Console()
        if console.is_terminal:
            if self.live is None:
                self.live = Live(console=console, auto_refresh=False)
                self.live.start()
            self.live.update(table(found), refresh=True)
            return
        for one in found:
            said = f"{one.job.id} {one.status}" + (f" on {one.state.node}" if one.state.node else "")
            if self.shown.get(one.job.id) != said and one.state.is_live:
                self.shown[one.job.id] = said
                print(said, flush=True)

    def _ended(self, member: Member, one: Progress) -> Ended:
        status = one.status
        if status == INTERRUPTED and self.failed is not None:
            return Ended(member, status, one.error, exit_code=1)
        if status == FAILED and self.sweep.master.run.fail_fast and self.members and self.failed is None:
            self._cancel_because_of(member)
        error = one.error
        if error is not None and one.entry.status not in (FAILED, "interrupted"):
            error += f"\njob {one.job.id}, its log: {self.sweep.directory / '.jobs' / f'{one.job.id}_0_log.out'}"
        code = {"done": 0, "pruned": 0, FAILED: 1}.get(status, 143)
        metrics = one.entry.record.get("metrics") if status == "done" else None
        return Ended(member, status, error, code, metrics)

    def close(self) -> None:
        """Jobs that nobody waits for any more go on."""
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _cancel_because_of(self, failed: Member) -> None:
        """End what is left."""
        why = f"cancelled, because member {failed.number} failed (run.fail_fast)"
        try:
            cancel([self.jobs[job] for job in self.members], why)
            self.failed = failed
        except RunFailed as error:
            print(f"not cancelled: {error}", flush=True)


def _epochs(composed: Composed) -> float:
    return float(composed.config.training.num_train_epochs)
