"""A run's checkpoints on disk: written whole or not at all, found past any debris, and thinned out.

checkpoints/checkpoint-<step>/ is a finished one. While it is written it is called .checkpoint-<step>.part; one that it
replaces is .checkpoint-<step>.old for the moment between two renames, one that is being removed is
.checkpoint-<step>.gone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliexp.training import manifest
from gliexp.training.manifest import Damaged, Manifest

_FINISHED = re.compile(r"checkpoint-(\d+)")
_DEBRIS = re.compile(r"\.checkpoint-(\d+)\.(part|old|gone)")


@dataclass(frozen=True)
class Entry:
    """A directory that is called a checkpoint; whether it is whole is another question."""

    step: int
    path: Path


def place(root: Path, step: int) -> Path:
    """Where the checkpoint of a step lies."""
    return root / f"checkpoint-{step}"


def entries(root: Path) -> list[Entry]:
    """All that are called checkpoints, newest step first."""
    if not root.is_dir():
        return []
    named = ((_FINISHED.fullmatch(path.name), path) for path in root.iterdir() if path.is_dir())
    return sorted((Entry(int(found[1]), path) for found, path in named if found), key=lambda entry: -entry.step)


@contextmanager
def staged(root: Path, step: int, *, main: bool = True, together: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """The directory to write a step's checkpoint into; it is removed when the block raises. `commit` finishes it.

    Every process of a run enters; `together` waits for all of them, `main` is the one that makes and removes.
    """
    fresh = root / f".checkpoint-{step}.part"
    if main:
        root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
    together()
    try:
        yield fresh
    except BaseException:
        if main:
            shutil.rmtree(fresh, ignore_errors=True)
        raise


def commit(fresh: Path, **said: Any) -> Path:
    """Write the manifest of what `staged` gave, flush everything to the disk, and give it its name.

    `said` is what the manifest says beside the files; see `manifest.write`.
    """
    manifest.write(fresh, **said)
    return _rename(fresh, place(fresh.parent, said["step"]))


def _rename(fresh: Path, final: Path) -> Path:
    stale = final.with_name(f".{final.name}.old")
    if final.exists():
        shutil.rmtree(stale, ignore_errors=True)
        final.rename(stale)
    fresh.rename(final)
    manifest.flush(final.parent)
    shutil.rmtree(stale, ignore_errors=True)
    return final


def clear_debris(root: Path) -> None:
    """Finish what a killed process had all but finished, and remove what it had not."""
    if not root.is_dir():
        return
    debris = [(found, path) for path in root.iterdir() if (found := _DEBRIS.fullmatch(path.name))]
    for found, path in sorted(
        debris, key=lambda one: one[0][2], reverse=True
    ):  # parts, which are newer, before old ones
        final = place(root, int(found[1]))
        if found[2] != "gone" and is_whole(path) and not is_whole(final):
            shutil.rmtree(final, ignore_errors=True)
            path.rename(final)
        else:
            shutil.rmtree(path, ignore_errors=True)


def is_whole(path: Path) -> bool:
    """Whether a checkpoint is there with all its files at their full sizes."""
    try:
        manifest.verify(path, contents=False)
    except Damaged:
        return False
    return True


@dataclass(frozen=True)
class Found:
    """The newest checkpoint that can be gone on from, or None; and, by name, what is wrong with newer ones."""

    path: Path | None
    manifest: Manifest | None
    passed_over: Mapping[str, str]


def newest(root: Path, *, with_best: bool) -> Found:
    """The newest whole checkpoint that a run can go on from.

    `with_best` asks that the best checkpoint so far, which it names, is whole too: else the end of the run could not
    load it.
    """
    wrong: dict[str, str] = {}
    for entry in entries(root):
        try:
            return Found(entry.path, usable(entry.path, with_best=with_best), wrong)
        except Damaged as error:
            wrong[entry.path.name] = str(error)
    return Found(None, None, wrong)


def usable(path: Path, *, with_best: bool) -> Manifest:
    """The manifest of a checkpoint that a run can go on from. Raises Damaged where it cannot."""
    found = manifest.verify(path)
    if not found.resumable:
        raise Damaged("it has no optimizer (training.save_only_model=true), so nothing can go on from it")
    best = found.best_step
    if with_best and best is not None and best != found.step:
        try:
            manifest.verify(place(path.parent, best))
        except Damaged as error:
            raise Damaged(f"the best one so far, checkpoint-{best}, cannot be used: {error}") from error
    return found


def is_scheduled(path: Path) -> bool:
    """Whether a whole checkpoint lies there that was due by the schedule, and not asked for from outside."""
    try:
        return manifest.read(path).scheduled
    except Damaged:
        return False


def thin_out(root: Path, limit: int | None, *, best: int | None, newest_step: int) -> None:
    """Remove the oldest whole checkpoints until `limit` are left; the newest and the best are never removed.

    What is not whole, and what is of a later step than `newest_step`, is left alone and not counted.
    """
    if limit is None or limit <= 0:
        return
    whole = [entry for entry in entries(root) if entry.step <= newest_step and is_whole(entry.path)]
    kept = {newest_step, best}
    surplus = len(whole) - max(limit, len({entry.step for entry in whole} & kept))
    for entry in reversed(whole):
        if surplus <= 0:
            break
        if entry.step not in kept:
            remove(entry.path)
            surplus -= 1


def remove(path: Path) -> None:
    """Remove a checkpoint; a kill on the way leaves nothing that looks like one."""
    doomed = path.with_name(f".{path.name}.gone")
    shutil.rmtree(doomed, ignore_errors=True)
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)
