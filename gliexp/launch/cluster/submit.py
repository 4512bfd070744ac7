"""Members handed to SLURM: the text that sbatch gets, tried first and then submitted as one array."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from gliexp.config import secrets
from gliexp.errors import Problem, Refusal, RunFailed
from gliexp.launch.cluster.command import call
from gliexp.launch.cluster.job import ClusterJob
from gliexp.launch.cluster.offer import Size
from gliexp.launch.cluster.settings import SlurmSettings

ENDS_TOGETHER = "--kill-on-bad-exit=1"
"""One process that fails ends the others of its job."""


def parameters(settings: SlurmSettings, size: Size, name: str) -> dict[str, Any]:
    """What submitit is told, by its names."""
    found: dict[str, Any] = {
        "job_name": name,
        "partition": settings.partition,
        "account": settings.account,
        "qos": settings.qos,
        "time": settings.time,
        "nodes": size.nodes,
        "ntasks_per_node": size.tasks,
        "cpus_per_task": settings.cpus,
        "gpus_per_node": size.gpus or None,
        "mem": settings.mem,
        "constraint": settings.constraint,
        "exclude": settings.exclude,
        "nodelist": settings.nodelist,
        "array_parallelism": settings.array_parallelism,
        "setup": list(settings.setup) or None,
        # since SLURM 22.05 srun does not take it over from sbatch
        "srun_args": [ENDS_TOGETHER, f"--cpus-per-task={settings.cpus}", *settings.srun],
        "signal_delay_s": settings.signal_before,
        "mail_user": settings.mail,
        "mail_type": "END,FAIL" if settings.mail else None,
        "stderr_to_stdout": True,
        "additional_parameters": {"requeue": True, **{k.replace("_", "-"): v for k, v in settings.options.items()}},
    }
    return {key: value for key, value in found.items() if value is not None}


class Submitter:
    """Submits runs of one size. `folder` is where submitit keeps its files."""

    def __init__(self, folder: Path, settings: SlurmSettings, size: Size, name: str) -> None:
        from submitit.slurm.slurm import SlurmExecutor

        self.settings = settings
        python = shlex.quote(sys.executable)
        self.executor = SlurmExecutor(
            folder=folder.absolute(),
            max_num_timeout=settings.requeues,
            python=f"{settings.container} {python}" if settings.container else python,
        )
        self.executor.update_parameters(**parameters(settings, size, name))

    def text(self, count: int) -> str:
        """The file that sbatch gets for so many members."""
        from submitit.slurm.slurm import _make_sbatch_string

        said = {**self.executor.parameters, **({"map_count": count} if count > 1 else {})}
        return _make_sbatch_string(self.executor._submitit_command_str, self.executor.folder, **said)

    def attempt(self, count: int) -> None:
        """Let SLURM judge what only it knows (accounts, qos, reservations), without submitting. Raises Refusal."""
        self.executor.folder.mkdir(parents=True, exist_ok=True)
        file = self.executor.folder / f".tried-{os.getpid()}.sh"
        file.write_text(self.text(count), encoding="utf-8")
        try:
            call("sbatch", "--test-only", str(file))
        except RunFailed as error:
            said = str(error).replace("sbatch: ", "").replace("error: ", "").replace("allocation failure: ", "")
            raise Refusal([Problem("hydra/launcher", f"the cluster refuses the job: {said}")]) from error
        finally:
            file.unlink()

    def submit(self, files: Sequence[Path]) -> list[str]:
        """Submit the runs that these files hold, as one array; the jobs' ids. Raises RunFailed."""
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        before = dict(os.environ)
        os.environ.update(secrets.environment())  # tokens travel in the job's environment and in no file of ours
        try:
            with self.executor.batch() if len(files) > 1 else nullcontext():
                jobs = [self.executor.submit(ClusterJob(file, self.settings.requeues)) for file in files]
            return [str(job.job_id) for job in jobs]
        except (FailedSubmissionError, FailedJobError, OSError) as error:
            raise RunFailed(f"sbatch: {error}") from error
        finally:
            os.environ.clear()
            os.environ.update(before)
