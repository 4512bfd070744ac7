"""Members one after the other in this process, which imports torch and the libraries once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gliexp.launch.launcher import Launcher
from gliexp.launch.member import Ended, Member


class Serial(Launcher):
    """The launcher of `hydra/launcher=basic`. `run` trains one member and never raises."""

    def __init__(self, run: Callable[[Member], Ended]) -> None:
        self._run = run
        self._waiting: list[Member] = []

    def start(self, members: Sequence[Member]) -> None:
        self._waiting += members

    def wait(self) -> list[Ended]:
        return [self._run(self._waiting.pop(0))]
