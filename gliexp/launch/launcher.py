"""What starts the members of a sweep: any launcher behind one small interface, so that bookkeeping stands above it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from gliexp.launch.member import FAILED, INTERRUPTED, Ended, Member


class Launcher(ABC):
    """Runs members, at most `places` at once.

    Members end in any order; every one that was started is handed out by `wait` exactly once, whatever became of it.
    """

    places: int = 1
    interrupted: int | None = None
    """Number of the signal that was received, after which nothing more is to be started."""

    def accept(self, members: Sequence[Member]) -> None:  # noqa: B027 - most take everything
        """Raise Refusal for members that cannot be run, before anything is written."""

    @abstractmethod
    def start(self, members: Sequence[Member]) -> None:
        """Take over members, of which at most `places` are in work at a time."""

    @abstractmethod
    def wait(self) -> list[Ended]:
        """Wait until one or more members have ended."""

    def close(self) -> None:  # noqa: B027 - most launchers hold nothing
        """Give back whatever is held; members in work are ended."""


def drive(
    members: Iterator[Member], launcher: Launcher, on_end: Callable[[Ended], None], *, fail_fast: bool = False
) -> None:
    """Run all members; `on_end` is called for each as it ends.

    The next member is drawn from the iterator when there is a place for it, so that a search can choose it by what has
    ended before. After a signal, and with `fail_fast` after a failure, nothing more is started.
    """
    in_work, more = 0, True
    try:
        while True:
            while more and in_work < launcher.places:
                batch = list(islice(members, launcher.places - in_work))
                more = bool(batch)
                launcher.start(batch)
                in_work += len(batch)
            if not in_work:
                return
            for ended in launcher.wait():
                in_work -= 1
                on_end(ended)
                more = more and ended.status != INTERRUPTED and not (fail_fast and ended.status == FAILED)
            more = more and launcher.interrupted is None
    finally:
        launcher.close()
