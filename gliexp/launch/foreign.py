"""Any launcher written for Hydra (joblib, submitit, …) behind the interface of gliexp's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
from omegaconf import DictConfig, OmegaConf

from gliexp.config import secrets
from gliexp.config.compose import compose
from gliexp.errors import GliexpError
from gliexp.launch.job import ended_by, set_environment
from gliexp.launch.launcher import Launcher
from gliexp.launch.member import FAILED, Ended, Member
from gliexp.launch.start import run
from gliexp.launch.sweep import Sweep

ALL = 1_000_000


class Foreign(Launcher):
    """Hands all members to Hydra's launcher at once, since it returns only when all have ended."""

    places = ALL

    def __init__(self, sweep: Sweep) -> None:
        context = HydraContext(config_loader=sweep.loader, callbacks=Callbacks(sweep.master))
        self._launcher = Plugins.instance().instantiate_launcher(context, _Task(sweep.loader.directories), sweep.master)
        self._members: list[Member] = []

    def start(self, members: Sequence[Member]) -> None:
        self._members += members

    def wait(self) -> list[Ended]:
        members, self._members = self._members, []
        jobs = [[*member.overrides, *_directory(member)] for member in members]
        returned = self._launcher.launch(jobs, initial_job_idx=0)
        return [_ended(member, one) for member, one in zip(members, returned, strict=True)]


class _Task:
    """What the launcher calls in some process for one member: trains it and returns how it ended."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self.directories = tuple(directories)

    def __call__(self, _config: DictConfig) -> Ended:
        config = HydraConfig.get()
        texts = OmegaConf.to_container(config.overrides.task, resolve=False)
        directory = Path(config.runtime.output_dir)
        member = Member(0, tuple(str(text) for text in texts or []), directory, "")
        try:
            composed = compose(member.overrides, self.directories)
            set_environment(composed)
            return Ended(member, "done", metrics=run(composed, directory).metrics)
        except GliexpError as error:
            return ended_by(member, error)


def _directory(member: Member) -> list[str]:
    place = member.directory.resolve()
    return [f"hydra.sweep.dir='{place.parent}'", f"hydra.sweep.subdir='{place.name}'"]


def _ended(member: Member, returned: JobReturn) -> Ended:
    value = returned._return_value  # return_value would raise what it holds
    if returned.status == JobStatus.COMPLETED and isinstance(value, Ended):
        return Ended(member, value.status, value.error, value.exit_code, value.metrics)
    return Ended(member, FAILED, secrets.scrub(f"{type(value).__name__}: {value}"), 1)
