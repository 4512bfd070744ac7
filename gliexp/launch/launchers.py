"""From `hydra/launcher=NAME` to the launcher that it names: gliexp's own, or any that Hydra knows."""

from __future__ import annotations

from functools import partial

from gliexp.launch.foreign import Foreign
from gliexp.launch.job import run_member
from gliexp.launch.launcher import Launcher
from gliexp.launch.serial import Serial
from gliexp.launch.sweep import Sweep

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"
SLURM = "gliexp.launch.cluster.Slurm"
POOL = "gliexp.launch.cluster.Pool"


def launcher_of(sweep: Sweep) -> Launcher:
    """The launcher that the sweep's config names. Raises Refusal for settings that it does not have."""
    target = str(sweep.master.hydra.launcher._target_)
    if target == BASIC:
        run = partial(
            run_member,
            loader=sweep.loader,
            config_name=sweep.config_name,
            hydra_overrides=sweep.hydra_overrides,
        )
        return Serial(run)
    if target == SLURM:
        from gliexp.launch.cluster.slurm import SlurmLauncher

        return SlurmLauncher(sweep)
    if target == POOL:
        from gliexp.launch.cluster.pool import PoolLauncher

        return PoolLauncher(sweep)
    return Foreign(sweep)
