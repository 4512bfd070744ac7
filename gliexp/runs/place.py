"""Whether a run can write where it is to write: inside its root, where files are taken, with room for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from gliexp.errors import Problem, Refusal

LEAST_FREE = 32 * 1024**2
"""Bytes that must be free before anything is written: logs, config, report."""
COPIES = 4
"""Times the weights' bytes that a run needs: weights and two moments in a checkpoint, and the saved model."""


def prepare(directory: Path, root: Path, key: str = "run.root") -> Path:
    """Make `directory`, inside `root`, and see that it takes a file. Raises Refusal, and leaves nothing behind then.

    A link on the way that leads out of the root is refused: what a run replaces and deletes must be its own.
    """
    if not _inside(directory, root):
        message = f"{directory} is a link that leads out of {root}: {directory.resolve()}"
        raise Refusal([Problem(key, message, "directories that are no links, or the place itself as run.root")])
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / f".probe-{os.getpid()}"
        probe.write_bytes(b"\0" * 4096)
        probe.unlink()
    except OSError as error:
        message = f"cannot write to {directory}: {error.strerror or error}"
        raise Refusal([Problem(key, message, "a directory that can be written to")]) from error
    _need(directory, LEAST_FREE, key)
    return directory


def need_room(directory: Path, weights: int, saves: bool) -> None:
    """Refuse a disk that cannot take the model and one checkpoint (where there are any); `weights` are bytes."""
    _need(directory, weights * (COPIES if saves else 1) + LEAST_FREE, "run.root")


def _need(directory: Path, size: int, key: str) -> None:
    free = shutil.disk_usage(directory).free
    if free < size:
        message = f"{directory} has {free / 1024**2:,.0f} MiB free, the run needs about {size / 1024**2:,.0f}"
        raise Refusal([Problem(key, message, "a disk with more room, or fewer checkpoints (training.save_strategy)")])


def _inside(directory: Path, root: Path) -> bool:
    home = root.resolve()
    return home == directory.resolve() or home in directory.resolve().parents
