"""What a checkpoint says of itself: its files with sizes and checksums, and the run that it belongs to.

It is written last, so that a directory without a manifest is known to be unfinished.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gliexp.data.file_hash import file_hash

NAME = "manifest.json"
FORMAT = 1


class Damaged(Exception):
    """A checkpoint that cannot be used; the message says what of it is wrong."""


@dataclass(frozen=True)
class Manifest:
    """`files` is relative path → size in bytes and SHA-256; `run` is the config and data of the run that wrote it.

    `scheduled` is false for a checkpoint that a signal or a touched file asked for: the choice of the best model is not
    to depend on those. `resumable` is false for one without an optimizer.
    """

    step: int
    scheduled: bool
    resumable: bool
    best_step: int | None
    run: dict[str, Any] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT


def write(
    directory: Path, *, step: int, scheduled: bool, resumable: bool, best_step: int | None, run: Mapping[str, Any]
) -> None:
    """Describe a directory that holds everything else already. All of it is on the disk when this returns."""
    parts = [part for part in sorted(directory.rglob("*")) if part.is_file() and part.name != NAME]
    for part in parts:
        flush(part)
    files = {
        part.relative_to(directory).as_posix(): {"bytes": part.stat().st_size, "sha256": file_hash(part)}
        for part in parts
    }
    manifest = Manifest(step, scheduled, resumable, best_step, dict(run), files)
    content = json.loads(json.dumps(asdict(manifest), ensure_ascii=False, default=str))
    content["sha256"] = _digest(content)
    path = directory / NAME
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    flush(path)
    for inner in [*(part for part in directory.rglob("*") if part.is_dir()), directory]:
        flush(inner)


def read(directory: Path) -> Manifest:
    """The manifest of a checkpoint. Raises Damaged where it is missing, torn or altered."""
    path = directory / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        wanted = content.pop("sha256")
        if content["format"] != FORMAT:
            raise Damaged(f"{NAME} has format {content['format']}, and {FORMAT} is what can be read")
        if _digest(content) != wanted:
            raise Damaged(f"{NAME} is not what was written: its checksum differs")
        return Manifest(**content)
    except FileNotFoundError:
        raise Damaged(f"{NAME} is missing: the checkpoint was never finished, or not written by gliexp") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise Damaged(f"{NAME} cannot be read: {error}") from error


def verify(directory: Path, *, contents: bool = True) -> Manifest:
    """The manifest of a checkpoint whose files are all there and whole.

    Without `contents` sizes alone are compared, which costs no reading. Raises Damaged, naming the first wrong files.
    """
    manifest = read(directory)
    wrong = []
    for name, known in manifest.files.items():
        path = directory / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif (size := path.stat().st_size) != known["bytes"]:
            wrong.append(f"{name} has {size} of {known['bytes']} bytes")
        elif contents and file_hash(path) != known["sha256"]:
            wrong.append(f"{name} is not what was written: its checksum differs")
    if wrong:
        raise Damaged("; ".join(wrong))
    return manifest


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def flush(path: Path) -> None:
    """Have the operating system write a file's contents, or a directory's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
