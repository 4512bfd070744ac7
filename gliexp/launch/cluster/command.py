"""Calls of SLURM's programs, whose faults are told in one line."""

from __future__ import annotations

import shutil
import subprocess

from gliexp.errors import Problem, Refusal, RunFailed

PATIENCE = 60
"""Seconds that a program of SLURM's may take; its own time limits are shorter."""


def call(*words: str) -> str:
    """What a program of SLURM's prints. Raises RunFailed where it fails or does not answer."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunFailed(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        raise RunFailed(f"{words[0]}: {_line(done.stderr) or _line(done.stdout) or f'exit code {done.returncode}'}")
    return done.stdout


def need() -> None:
    """Raise Refusal where there is no SLURM to talk to."""
    if shutil.which("sbatch") is None:
        message = "sbatch is not on the path: this machine submits to no SLURM cluster"
        raise Refusal([Problem("hydra/launcher", message, "hydra/launcher=local_pool or basic, or a login node")])
    try:
        call("sinfo", "--version")
        call("sinfo", "-h", "-o", "%R")
    except RunFailed as error:
        raise Refusal([Problem("hydra/launcher", f"the cluster does not answer: {error}")]) from error


def _line(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip())
