"""Data sets of the `datasets` library: a directory written by save_to_disk, or a name on the hub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import columns, extra
from gliexp.data.formats.raw import Layout, Raw

HUB = "hub:"
SPLITS = {"dev": ("validation", "dev", "val", "valid"), "train": ("train",), "test": ("test",)}
"""The names that a data set may give to our splits; the first one is the usual."""


def read(path: Path, layout: Layout) -> Iterator[Raw]:
    """The rows of one split; `line` is the row's number from 1. Names of classes stand for their numbers.

    A hub name is written hub:owner/name. Of a data set with several splits the one of `layout.split` is read.
    """
    library = extra.load("datasets", "reading data sets")
    wrong: tuple[type[Exception], ...] = (*columns.faults(), TypeError, AttributeError, RuntimeError, IndexError)
    library.disable_progress_bars()
    try:
        found = library.load_from_disk(str(path)) if path.is_dir() else _from_hub(library, path, layout)
        part = _split(found, layout.split) if isinstance(found, dict) else found
        features = part.features.to_dict()
        number = 0
        for table in part.with_format("arrow").iter(batch_size=columns.BATCH):
            for row in columns.rows_of(table, features):
                number += 1
                yield Raw(number, row)
    except wrong as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise BadRow(f"the data set cannot be read: {told[0]:.300}") from error


def is_directory(path: Path) -> bool:
    """Whether save_to_disk wrote this directory."""
    return (path / "dataset_dict.json").is_file() or (path / "state.json").is_file()


def on_hub(path: Path) -> bool:
    """Whether the path is a name on the hub."""
    return str(path).startswith(HUB)


def _from_hub(library: Any, path: Path, layout: Layout) -> Any:
    name = str(path).removeprefix(HUB)
    return library.load_dataset(name, layout.subset)


def _split(found: dict[str, Any], wanted: str) -> Any:
    for name in (wanted, *SPLITS.get(wanted, ())):
        if name in found:
            return found[name]
    raise BadRow(f"the data set has no split {wanted}, it has {', '.join(map(str, found))}")
