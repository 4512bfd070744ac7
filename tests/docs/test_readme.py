"""The README's table of groups is what conf/ holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gliexp.config.groups import Groups
from tests.docs.test_reference import ROOT

ROWS = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE))


def listed(cell: str) -> Iterator[str]:
    """The options of a cell: `a · b_small/base` is a, b_small and b_base."""
    for word in re.findall(r"[\w/]+", cell.partition("(")[0]):
        first, *others = word.split("/")
        yield first
        yield from (f"{first.rpartition('_')[0]}_{other}" for other in others)


@pytest.mark.parametrize(
    "group", ["task", "backbone", "span_mode", "peft", "optimizer", "hub", "data", "training", "tracking", "launch"]
)
def test_a_group_s_row_names_its_options(group: str) -> None:
    cell = re.sub(r"`[^`]*`|\bseveral as\b", "", ROWS[group])
    assert sorted(set(listed(cell)) - {"as", "several"}) == sorted(Groups.read().options(group))


def test_every_experiment_is_named() -> None:
    named = set(re.findall(r"\w+", ROWS["experiment"]))
    assert {name for name in Groups.read().options("experiment") if not name.endswith("_debug")} <= named
