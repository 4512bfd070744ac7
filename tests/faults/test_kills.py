"""Every family's run, killed at random moments, ends with the bits of one that was not. See `make test-faults`."""

import os
import random
import shutil

import pytest

from . import families
from .kills import KINDS, Tally, compare, kill_and_resume

KILLS = int(os.environ.get("GLIEXP_KILLS", "2"))


@pytest.mark.slow
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_killed_run_goes_on_as_if_it_had_not_been(family, data, whole, tmp_path, tallies):
    undisturbed = whole(family)
    tally = tallies[family] = Tally()
    draw = random.Random(f"{family}, {os.environ.get('GLIEXP_KILLS_SEED', '0')}")
    number = 0
    while sum(tally.kills.values()) < KILLS and number < 2 * KILLS:
        directory = tmp_path / str(number)
        kill_and_resume(
            families.words(family, data),
            directory,
            KINDS[number % len(KINDS)],
            draw,
            seconds=undisturbed.seconds,
            operations=undisturbed.operations,
            tally=tally,
        )
        if (directory / "output.txt").exists():
            compare(undisturbed.result, directory, tally)
        shutil.rmtree(directory)
        number += 1
    assert tally.unreadable == []
    assert tally.unequal == []
    assert sum(tally.kills.values()) == KILLS
