"""SIGKILL at a random moment of a run: anywhere, within a save, or within an evaluation."""

from __future__ import annotations

import os
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gliexp.runs import prepared
from gliexp.training import checkpoints
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.evaluation import Evaluation

from .child import Child
from .result import Result, differences, result, unreadable

KINDS = ("save", "evaluation", "anywhere", "anywhere")
AUTO = "training.resume_from_checkpoint=auto"


@dataclass
class Tally:
    """What became of a family's kills; `lost` are runs that ended before they were killed."""

    kills: dict[str, int] = field(default_factory=dict)
    gone_on: int = 0
    anew: int = 0
    lost: int = 0
    unreadable: list[str] = field(default_factory=list)
    unequal: list[str] = field(default_factory=list)


def on_disk(act: Callable[[], None]) -> Callable[[], None]:
    """Prepares a child to call `act` at each of Python's file operations on its checkpoints."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir") and (
            ".checkpoint-" in str(arguments[0]) or "/checkpoint-" in str(arguments[0])
        ):
            act()

    return lambda: sys.addaudithook(hook)


def counting(file: Path) -> Callable[[], None]:
    """Prepares a child to leave a file with one byte for each such operation."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def act() -> None:
        os.write(handle, b".")

    return on_disk(act)


def die() -> None:
    """End this process and its data workers as the kernel does it."""
    os.killpg(0, signal.SIGKILL)


def at_operation(number: int, act: Callable[[], None] = die) -> Callable[[], None]:
    """Prepares a child to be killed at its nth operation on checkpoints."""
    left = [number]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            act()

    return on_disk(count)


def in_evaluation(number: int, seconds: float, act: Callable[[], None] = die) -> Callable[[], None]:
    """Prepares a child to be killed some time after its nth evaluation began."""

    def prepare() -> None:
        left = [number]
        for kind in (Evaluation, ClassEvaluation):
            kind.score = _counted(kind.score, left, seconds, act)  # type: ignore[method-assign]

    return prepare


def before_training(act: Callable[[], None]) -> Callable[[], None]:
    """Prepares a child to call `act` while it reads its data."""

    def prepare() -> None:
        load = prepared.load

        def loading(*arguments: Any, **options: Any) -> Any:
            act()
            return load(*arguments, **options)

        prepared.load = loading  # type: ignore[attr-defined]

    return prepare


def _counted(score: Any, left: list[int], seconds: float, act: Callable[[], None]) -> Any:
    def counted(self: Any, model: Any, rows: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            threading.Timer(seconds, act).start()
        return score(self, model, rows)

    return counted


def kill_and_resume(
    words: Sequence[str],
    directory: Path,
    kind: str,
    draw: random.Random,
    *,
    seconds: float,
    operations: int,
    tally: Tally,
) -> None:
    """Kill one run, look at what it left, and let it go on to its end."""
    if kind == "save":
        child = Child(words, directory, at_operation(draw.randint(1, operations)))
    elif kind == "evaluation":
        child = Child(words, directory, in_evaluation(draw.randint(1, 4), draw.uniform(0, 0.1)))
    else:
        child = Child(words, directory)
        time.sleep(draw.uniform(0.02, 0.95) * seconds)
        child.kill_all()
    if child.wait() != -signal.SIGKILL:
        tally.lost += 1
        return
    tally.kills[kind] = tally.kills.get(kind, 0) + 1
    torn = unreadable(directory)
    tally.unreadable += [f"{directory.name}: {one}" for one in torn]
    whole = [
        entry.step for root in directory.glob("outputs/*/run-*/checkpoints") for entry in checkpoints.entries(root)
    ]
    again = Child([*words, AUTO], directory)
    code = again.wait()
    assert code == 0, f"{directory} does not go on (killed: {kind}): {again.said()}"
    went_on = "going on from step" in again.said()
    tally.gone_on, tally.anew = tally.gone_on + went_on, tally.anew + (not went_on)
    if whole:  # or a later one, which was all but renamed
        begun = re.search(r"going on from step (\d+):|run is finished", again.said())
        assert begun is not None, again.said()
        assert begun[1] is None or int(begun[1]) >= max(whole), again.said()


def compare(whole: Result, directory: Path, tally: Tally) -> None:
    """Hold what a resumed run left against what an undisturbed one leaves."""
    tally.unequal += [f"{directory.name}: {part}" for part in differences(whole, result(directory))]
