"""Files that are on their way: linked or copied where nothing else touches them, until the Hub has them."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gliexp.runs.place import LEAST_FREE

PART = ".part"
"""End of a folder's name while it is being filled: a process that was killed there has left nothing to send."""


@dataclass(frozen=True)
class Staged:
    """One upload's `files` (place in the repository → file in `folder`)."""

    label: str
    files: dict[str, Path]
    folder: Path


class Staging:
    """The directory `root` with a folder for each upload that has not arrived yet, named by its label."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def left(self) -> list[Staged]:
        """What an earlier process staged and did not send, by step; what it had not staged whole is removed."""
        found = []
        for folder in sorted(self.root.glob("*"), key=lambda place: [int(n) for n in re.findall(r"\d+", place.name)]):
            if folder.name.endswith(PART):
                shutil.rmtree(folder)
            elif folder.is_dir():
                files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
                places = {path.relative_to(folder).as_posix(): path for path in files}
                found.append(Staged(folder.name.replace("-", " "), places, folder))
        return found

    def holds(self, label: str) -> bool:
        """Whether an upload of this label has not arrived yet."""
        return self._folder(label).is_dir()

    def stage(self, label: str, files: Mapping[str, Path]) -> Staged:
        """Link `files`, or copy them where they lie on another file system. Raises OSError, with nothing left behind.

        Copies leave free what the run itself needs.
        """
        folder = self._folder(label)
        part = folder.with_name(folder.name + PART)
        try:
            for place, file in files.items():
                (part / place).parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(file, part / place)
                except OSError:  # another file system, or one without links
                    _copy(file, part / place)
            part.rename(folder)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return Staged(label, {place: folder / place for place in files}, folder)

    def forget(self, staged: Staged) -> None:
        """Remove what has arrived, or is not wanted there any more."""
        shutil.rmtree(staged.folder, ignore_errors=True)

    def _folder(self, label: str) -> Path:
        return self.root / label.replace(" ", "-")


def _copy(file: Path, place: Path) -> None:
    if shutil.disk_usage(place.parent).free < file.stat().st_size + LEAST_FREE:
        raise OSError(errno.ENOSPC, "the disk has no room for a copy beside what the run needs", str(place.parent))
    shutil.copy2(file, place)
