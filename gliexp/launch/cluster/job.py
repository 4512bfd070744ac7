"""A member of a sweep as submitit starts it: in every task of its job, at first and after each requeue."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from gliexp.config.compose import Composed, typed
from gliexp.launch.orders import Orders, ending

KEY = "training.resume_from_checkpoint"
LAST_MINUTE = 90
"""Seconds that other processes give the first one to put the job into the queue again."""


class JobFailed(Exception):
    """Makes SLURM call the job FAILED; the text is the run's own error."""


@dataclass
class ClusterJob:
    """What each task of a job calls. `file` holds the run, `requeues` is how often it may come again."""

    file: Path
    requeues: int = 0
    cores: tuple[int, ...] = ()

    def __call__(self) -> dict[str, Any] | None:
        """Train, going on from the last checkpoint where there is one; the metrics. Raises JobFailed."""
        from gliexp.launch.rank import follow

        rank = _join()
        if self.cores:
            os.sched_setaffinity(0, self.cores)
            os.environ["OMP_NUM_THREADS"] = str(len(self.cores))
        from gliexp.training.requests import PATIENT

        os.environ[PATIENT] = "1"
        orders = Orders.read(self.file)
        if orders.composed.config.training.resume_from_checkpoint is None:
            orders = replace(orders, composed=with_resume(orders.composed))
        ending(orders.directory, rank).unlink(missing_ok=True)
        code, metrics = follow(orders)
        if code == 0:
            return metrics
        told = json.loads(ending(orders.directory, rank).read_text(encoding="utf-8"))["error"]
        if code >= 128 and "SLURM_JOB_ID" in os.environ:
            self._come_again(rank)
        raise JobFailed(told)

    def checkpoint(self) -> Any:
        """What submitit puts into the queue again where a signal comes before training or after it."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)

    def _come_again(self, rank: int) -> None:
        """Put the job into the queue again; the first process does, and the others wait to be ended with it.

        A job that was cancelled, that came too often, or that has come again elsewhere (its node was lost), does not.
        """
        if rank != 0:
            time.sleep(LAST_MINUTE)
            return
        job = os.environ["SLURM_JOB_ID"]
        times = int(os.environ.get("SLURM_RESTART_COUNT", "0"))
        if times >= self.requeues:
            print(f"gliexp: the job has come again {self.requeues} times (hydra.launcher.requeues)", flush=True)
            return
        shown = subprocess.run(["scontrol", "show", "job", "-o", job], capture_output=True, text=True, check=False)
        state = re.search(r"JobState=(\w+)", shown.stdout)
        if state is not None and state[1].startswith("CANCELLED"):
            return
        restarts = re.search(r"Restarts=(\d+)", shown.stdout)
        if restarts is not None and int(restarts[1]) > times:
            print("gliexp: the job has come again elsewhere, which goes on from this checkpoint", flush=True)
            return
        done = subprocess.run(["scontrol", "requeue", job], capture_output=True, text=True, check=False)
        print(f"gliexp: the checkpoint is written, the job goes into the queue again {done.stderr.strip()}", flush=True)
        if done.returncode == 0:
            time.sleep(LAST_MINUTE)  # until SLURM ends this process


def with_resume(composed: Composed) -> Composed:
    """The same run, which goes on where there is a checkpoint; that changes neither its signature nor its result."""
    section, name = KEY.split(".")
    tree = {**composed.tree, section: {**composed.tree[section], name: "auto"}}
    return replace(composed, config=typed(OmegaConf.to_container(OmegaConf.create(tree))), tree=tree)  # type: ignore[arg-type]


def _join() -> int:
    """Set the variables by which the processes of one run find one another; this one's rank."""
    import submitit

    job = submitit.JobEnvironment()
    if job.num_tasks == 1:
        return 0
    port = 20000 + zlib.crc32(job.job_id.encode()) % 20000
    os.environ.update(
        RANK=str(job.global_rank),
        LOCAL_RANK=str(job.local_rank),
        WORLD_SIZE=str(job.num_tasks),
        LOCAL_WORLD_SIZE=str(job.num_tasks // job.num_nodes),
        MASTER_ADDR=str(job.hostnames[0]),
        MASTER_PORT=str(port),
    )
    return int(job.global_rank)
