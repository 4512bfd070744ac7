"""Hashes of data, by which a run knows what it was trained on: contents count, names of files do not."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gliexp.config.sources import SAMPLE, Source, files, sources
from gliexp.data import sample
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


def of_source(source: Source, split: str) -> str:
    """The hash of one file as a run uses it in `split`: its contents, with what the entry says beside the path.

    A set on the hub is known by its name alone.
    """
    if source.path == SAMPLE:
        found = digest(sample.path(split))
    elif Path(source.path).exists():
        found = digest(Path(source.path))
    else:
        found = hashlib.sha256(source.path.encode()).hexdigest()
    said = [f"{source.weight:g}" if source.weight != 1 else "", source.split or "", source.subset or ""]
    return " ".join([found, *said]).rstrip() if any(said) else found


def of_value(value: object, split: str) -> list[str]:
    """The hashes of all files that one of train_data, val_data and test_data names."""
    return [of_source(file, split) for source in sources(value) for file in files(source)]


def _of_file(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            hashed.update(piece)
    return hashed.hexdigest()
