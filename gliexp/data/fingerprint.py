"""Hashes of data, by which a run knows what it was trained on: contents count, names of files do not."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from gliexp.config.sources import SAMPLE, Source, files, sources
from gliexp.data import sample
from gliexp.data.file_hash import file_hash
from gliexp.data.formats import brat


def digest(path: Path) -> str:
    """SHA-256, hexadecimal, of a file's bytes, read piece by piece; of a directory, of its files with their names.

    A brat file is hashed with the other one of its pair. Raises OSError.
    """
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
    elif brat.is_pair(path):
        parts = [path.with_suffix(".ann"), path.with_suffix(".txt")]
    else:
        return _of_file(path)
    lines = (f"{part.relative_to(path) if path.is_dir() else part.suffix} {_of_file(part)}\n" for part in parts)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def of_source(source: Source, split: str, task: str = "ner") -> str:
    """The hash of one file as a run uses it in `split`: its contents, with what the entry says beside the path.

    A set on the hub is known by its name alone; the sample depends on the task.
    """
    if source.path == SAMPLE:
        found = digest(sample.path(split, task))
    elif Path(source.path).exists():
        found = digest(Path(source.path))
    else:
        found = hashlib.sha256(source.path.encode()).hexdigest()
    said = [f"{source.weight:g}" if source.weight != 1 else "", source.split or "", source.subset or ""]
    return " ".join([found, *said]).rstrip() if any(said) else found


def of_value(value: object, split: str, task: str = "ner") -> list[str]:
    """The hashes of all files that one of train_data, val_data and test_data names."""
    return [of_source(file, split, task) for source in sources(value) for file in files(source)]


def stamp(path: Path) -> tuple[int, ...]:
    """What changes when a file is written: device, inode, size, time of the last change; of other things nothing."""
    if not path.is_file():
        return ()
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


_KNOWN: dict[tuple[int, ...], str] = {}
_SETTLED = 2.0
"""Seconds after its last change from which a file's stamp can be trusted: clocks of file systems are coarse."""


def _of_file(path: Path) -> str:
    """The hash, taken once a process: a run asks for it several times, and a file may be large."""
    mark = stamp(path)
    if mark in _KNOWN:
        return _KNOWN[mark]
    found = file_hash(path)
    if mark and stamp(path) == mark and time.time() - mark[-1] / 1e9 > _SETTLED:
        _KNOWN[mark] = found
    return found
