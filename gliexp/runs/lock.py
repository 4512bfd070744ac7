"""One run in a directory: a lock of the operating system, which ends with its process however that ends."""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from gliexp.errors import Problem, Refusal

LOCK, OWNER = ".lock", ".lock.owner"
LOOKS = 1.0
"""Seconds between two looks at a lock that is waited for."""

logger = logging.getLogger(__name__)


@contextmanager
def only_run_in(*directories: Path) -> Iterator[None]:
    """Hold these directories. Raises Refusal where another run holds one, or where the file system has no locks.

    A job that SLURM started again waits for the other: it is this job's earlier process, on a node that SLURM has given
    up and that may still work, or whose lock a network file system keeps until its lease ends. Where a file system
    knows no flock, filelock writes the process's number into the file and takes over the lock of one that is gone.
    """
    with ExitStack() as held:
        for directory in dict.fromkeys(path.resolve() for path in directories):
            held.enter_context(_held(directory))
        yield


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    lock = FileLock(directory / LOCK)
    try:
        _acquire(lock, directory)
    except Timeout as error:
        message = f"another run is writing to this directory{_owner(directory)}"
        raise Refusal([Problem(str(directory), message, "another run.name, or wait for it")]) from error
    except OSError as error:
        message = f"cannot be locked: {error.strerror or error}"
        raise Refusal([Problem(str(directory), message, "run.root on a file system with locks")]) from error
    try:
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
        (directory / OWNER).write_text(json.dumps(owner), encoding="utf-8")
        yield
    finally:
        (directory / OWNER).unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, directory: Path) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if int(os.environ.get("SLURM_RESTART_COUNT", "0")) == 0:
            raise
        logger.warning("waiting for this job's earlier process, which writes to %s%s", directory, _owner(directory))
        lock.acquire(poll_interval=LOOKS)


def _owner(directory: Path) -> str:
    """Who holds the lock, in words; empty where that is not known."""
    try:
        owner = json.loads((directory / OWNER).read_text(encoding="utf-8"))
        return f": process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
