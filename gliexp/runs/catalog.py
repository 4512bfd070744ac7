"""All runs under some directories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gliexp.errors import Problem, Refusal
from gliexp.runs.entry import RECORD, Entry, read

ROOTS = ("outputs", "multirun")
MARKS = frozenset({RECORD, "config.resolved.yaml", "train.log", ".hydra"})
"""A directory with one of these is a run's, and nothing inside of it is looked at."""


def entries(roots: Iterable[Path]) -> list[Entry]:
    """Every run at or under the roots, in the order of their paths."""
    return [read(path) for path in sorted(run_directories(roots), key=str)]


def run_directories(roots: Iterable[Path]) -> Iterator[Path]:
    """The directories of runs at or under the roots, each once; those that may not be read are passed over."""
    seen: set[tuple[int, int]] = set()
    waiting = [str(root) for root in roots]
    while waiting:
        directory = waiting.pop()
        try:
            with os.scandir(directory) as listing:
                inside = list(listing)
            status = os.stat(directory)  # noqa: PTH116 - thousands of times
        except OSError:
            continue
        # A link may lead back up.
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if any(entry.name in MARKS for entry in inside):
            yield Path(directory)
            continue
        waiting += [entry.path for entry in inside if not entry.name.startswith(".") and _is_directory(entry)]


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def roots(named: Sequence[str]) -> list[Path]:
    """The directories to look in: those named, else outputs/ and multirun/ where they are. Raises Refusal."""
    if not named:
        found = [Path(name) for name in ROOTS if Path(name).is_dir()]
        if not found:
            raise Refusal([Problem("runs", "neither outputs/ nor multirun/ is here", "runs DIR", "command line")])
        return found
    missing = [name for name in named if not Path(name).is_dir()]
    if missing:
        raise Refusal([Problem(name, "no such directory", "a directory with runs", "command line") for name in missing])
    return [Path(name) for name in named]


def one(name: str) -> Entry:
    """The run that a path, a signature or a directory's name under outputs/ and multirun/ means. Raises Refusal."""
    path = Path(name)
    if path.is_dir():
        inside = sorted(run_directories([path]))
        if inside == [path]:
            return read(path)
        near = ", ".join(str(run) for run in inside[:3])
        many = f"holds {len(inside)} runs, of which one is wanted" if inside else "is no run"
        raise Refusal([Problem(name, many, "the directory of one run", "command line", near)])
    all_runs = sorted(run_directories(Path(root) for root in ROOTS if Path(root).is_dir()))
    matching = [run for run in all_runs if run.name == name or run.name.endswith(f"-{name}")]
    # A member of a sweep has a number for a name: its signature stands in its record alone.
    matching = matching or [run for run in all_runs if read(run).signature == name]
    if len(matching) == 1:
        return read(matching[0])
    message = "names several runs" if matching else "no such run"
    near = ", ".join(str(run) for run in matching[:5])
    raise Refusal([Problem(name, message, "a run's directory, its name or its signature", "command line", near)])
