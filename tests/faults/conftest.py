"""The rows that all runs of these tests train on, and one whole run a family to hold the others against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import families
from .child import Child
from .kills import Tally, counting
from .result import Result, result

TALLIES: dict[str, Tally] = {}


@dataclass(frozen=True)
class Undisturbed:
    """What a run leaves that nothing disturbs, how long it took, and its operations on checkpoints."""

    result: Result
    seconds: float
    operations: int


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("data")
    families.write_data(directory)
    return directory


@pytest.fixture(scope="session")
def whole(data, tmp_path_factory) -> Callable[[str], Undisturbed]:
    """A family's run that nothing disturbs; made once."""
    made: dict[str, Undisturbed] = {}

    def find(family: str) -> Undisturbed:
        if family not in made:
            directory = tmp_path_factory.mktemp("whole")
            child = Child(families.words(family, data), directory, counting(directory / "operations"))
            assert child.wait() == 0, child.said()
            seconds, operations = child.seconds(), (directory / "operations").stat().st_size
            made[family] = Undisturbed(result(directory), seconds, operations)
        return made[family]

    return find


@pytest.fixture
def tallies() -> dict[str, Tally]:
    """Filled by the tests, shown at the end."""
    return TALLIES


def pytest_terminal_summary(terminalreporter) -> None:
    if not TALLIES:
        return
    line = terminalreporter.write_line
    line("")
    line("kills by family: in a save, an evaluation, anywhere | gone on, anew | unreadable checkpoints | unequal")
    for family, tally in TALLIES.items():
        kinds = [tally.kills.get(kind, 0) for kind in ("save", "evaluation", "anywhere")]
        line(
            f"{family:<18} {kinds[0]:>3} {kinds[1]:>3} {kinds[2]:>3} | {tally.gone_on:>3} {tally.anew:>3} | "
            f"{len(tally.unreadable)} | {len(tally.unequal)}"
        )
