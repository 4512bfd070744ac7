"""What data.train_data, val_data and test_data name: files, patterns, directories, sets on the hub."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any

SAMPLE = "sample"
HUB = "hub:"
KEYS = ("path", "weight", "split", "subset")


@dataclass(frozen=True)
class Source:
    """One entry: a path, pattern or name; how many times its rows count; the part of a data set that has several."""

    path: str
    weight: float = 1.0
    split: str | None = None
    subset: str | None = None


def sources(value: Any) -> list[Source]:
    """The entries of a value in which `faults` finds nothing."""
    listed = [value] if isinstance(value, (str, dict)) else list(value or [])
    return [Source(entry) if isinstance(entry, str) else Source(**entry) for entry in listed]


def faults(value: Any, *, weighs: bool) -> Iterator[tuple[str, str, str]]:
    """(what is wrong, what is allowed, nearest) of each entry; only training data `weighs`."""
    seen = set()
    for entry in [value] if isinstance(value, (str, dict)) else list(value or []):
        if isinstance(entry, dict):
            yield from _faults(entry, weighs)
            name = tuple(str(entry.get(key)) for key in ("path", "split", "subset"))
        elif isinstance(entry, str) and entry:
            name = (entry, "None", "None")
        else:
            yield f"does not accept {entry!r:.60}", f"a path, or an object with {', '.join(KEYS)}", ""
            continue
        if name in seen:
            yield f"{name[0]} is named twice", "each file once; its weight says how often its rows count", ""
        seen.add(name)


def files(source: Source) -> list[Source]:
    """The source with its pattern as the files that are there, sorted; none where the pattern meets nothing."""
    if source.path == SAMPLE or source.path.startswith(HUB):
        return [source]
    path = str(Path(source.path).expanduser())
    if not is_pattern(path):
        return [replace(source, path=path)]
    # Path.glob takes no absolute pattern.
    found = {name for name in glob(path, recursive=True) if Path(name).is_file()}  # noqa: PTH207
    # Of a brat pair, one file stands for both.
    found -= {str(Path(name).with_suffix(".txt")) for name in found if name.endswith(".ann")}
    return [replace(source, path=name) for name in sorted(found)]


def is_pattern(path: str) -> bool:
    """Whether a path is a pattern (`*`, `?`, `[…]`, `**` for directories at any depth) and not a file of that name."""
    return has_magic(path) and not Path(path).exists()


def _faults(entry: dict[Any, Any], weighs: bool) -> Iterator[tuple[str, str, str]]:
    for key in entry:
        if key not in KEYS:
            near = difflib.get_close_matches(str(key), KEYS, n=1)
            yield f"unknown key {key!r:.40} in an entry", ", ".join(KEYS), "".join(near)
    for key in ("path", "split", "subset"):
        value = entry.get(key)
        if not (isinstance(value, str) and value) and not (value is None and key != "path"):
            yield f"{key} of an entry does not accept {value!r:.60}", "text", ""
    weight = entry.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not (0 < weight < math.inf):
        yield f"weight does not accept {weight!r:.40}", "a number above 0", ""
    elif weight != 1 and not weighs:
        yield "weight is for training data", "no weight", ""
