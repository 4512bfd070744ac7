"""What a sweep is to run: its members composed, checked and given directories, less what is known already."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gliexp.config import request, secrets
from gliexp.config.compose import Composed, compose_with, from_hydra
from gliexp.config.loader import Loader
from gliexp.errors import Problem, Refusal
from gliexp.launch.member import Member
from gliexp.launch.places import Places
from gliexp.runs.directory import signature_of
from gliexp.runs.entry import Entry, split_override

MODE = "hydra.mode=MULTIRUN"
MOST = 10_000
"""Members of a sweep: written out, a range up to a billion would fill the memory before anything could be said."""


@dataclass(frozen=True)
class Sweep:
    """What all members share: `master` is the config with everything that is swept left out.

    `directory` is multirun/<task>/<name>/, of which each member gets a part.
    """

    loader: Loader
    config_name: str
    overrides: tuple[str, ...]
    master: DictConfig
    directory: Path

    @classmethod
    def read(cls, loader: Loader, config_name: str, overrides: Sequence[str]) -> Sweep:
        """Compose what the members share; what is wrong with it is said by `plan`. Raises Refusal for Hydra's part."""
        given = [text for text in overrides if not text.startswith("hydra.mode=")]
        try:
            master = loader.collect(config_name, [*given, MODE], RunMode.MULTIRUN)
            directory = Path(str(master.hydra.sweep.dir))
        except (HydraException, OmegaConfBaseException) as error:
            raise Refusal([*loader.report.problems, from_hydra(error)]) from None
        return cls(loader, config_name, tuple(given), master, directory)

    @property
    def hydra_overrides(self) -> list[str]:
        """The overrides that speak to Hydra and hold for every member."""
        return [text for text in self.overrides if text.startswith("hydra")]

    @property
    def own_overrides(self) -> list[str]:
        """All other overrides, those of hydra.sweeper.params first: what stands on the command line outweighs them."""
        params = self.master.hydra.sweeper.get("params")
        written = OmegaConf.to_container(params, resolve=True) if OmegaConf.is_config(params) else {}
        assert isinstance(written, dict)
        own = [text for text in self.overrides if not text.startswith("hydra")]
        return [*(f"{key!s}={value}" for key, value in written.items()), *own]

    def compose(self, overrides: Sequence[str]) -> Composed:
        """One member's checked config. Raises Refusal."""
        return compose_with(self.loader, [*self.hydra_overrides, *overrides], self.config_name)

    def grid(self) -> list[list[str]]:
        """Every member's overrides: the product of all values, the last key's changing fastest. Raises Refusal."""
        self.loader.report.problems.clear()
        readable = request.read(self.own_overrides, self.loader.groups, self.loader.report, sweep=True).overrides
        if self.loader.report.problems:
            raise Refusal(self.loader.report.problems)
        parsed = OverridesParser.create(config_loader=self.loader).parse_overrides(list(readable))
        _refuse_too_many(parsed)
        return [list(member) for member in BasicSweeper.split_arguments(parsed, None)[0]]


def _refuse_too_many(parsed: Sequence[Override]) -> None:
    """Raise Refusal before a product of values is written out that would fill the memory."""
    sizes = {str(one.key_or_group): _size(one.value()) for one in parsed}
    members = math.prod(sizes.values())
    if members > MOST:
        largest = max(sizes, key=lambda key: sizes[key])
        message = f"{sizes[largest]:,} values make a sweep of {members:,} members"
        raise Refusal([Problem(largest, message, f"at most {MOST:,} members")])


def _size(value: object) -> int:
    if isinstance(value, RangeSweep) and None not in (value.start, value.stop) and value.step:
        steps = (float(value.stop or 0) - float(value.start or 0)) / float(value.step)
        return max(1, math.ceil(min(steps, 1e18)))
    return max(1, len(value.list)) if isinstance(value, ChoiceSweep) else 1


@dataclass
class Plan:
    """Members to run, and known runs that stand for members: a finished run of the same signature."""

    members: list[Member] = field(default_factory=list)
    known: list[tuple[Member, Entry]] = field(default_factory=list)
    repeated: list[tuple[Member, Member]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    searched: tuple[str, ...] = ()

    @property
    def everyone(self) -> list[Member]:
        """All members of the sweep."""
        members = [*self.members, *(member for member, _ in self.known), *(member for member, _ in self.repeated)]
        return sorted(members, key=lambda member: member.number)

    @property
    def swept(self) -> tuple[str, ...]:
        """The keys that are not the same in all members, or that are searched."""
        if self.searched:
            return self.searched
        values: dict[str, set[str]] = {}
        for member in self.everyone:
            for key, value in map(split_override, member.overrides):
                values.setdefault(key, set()).add(value)
        return tuple(key for key, found in values.items() if len(found) > 1)

    def named(self, member: Member) -> str:
        """A member as messages call it: its number, its directory where that has another, what tells it apart."""
        own = [text for text in member.overrides if split_override(text)[0] in self.swept]
        place = "" if member.directory.name in ("", str(member.number)) else f" [{member.directory.name}]"
        return " ".join([f"{member.number}{place}", *own])


def plan(sweep: Sweep, grid: Iterable[Sequence[str]]) -> Plan:
    """Compose every member before the first one runs. Raises Refusal that names the members it found problems in."""
    problems: dict[tuple[str, str], Problem] = {}
    found = Plan()
    places: Places | None = None
    first: dict[str, Member] = {}
    for number, overrides in enumerate(grid):
        try:
            composed = sweep.compose(overrides)
        except Refusal as refusal:
            for problem in refusal.problems:
                where = f"{problem.where}, member {number}: {' '.join(overrides)}".lstrip(", ")
                problems.setdefault((problem.key, problem.message), replace(problem, where=secrets.scrub(where)))
            continue
        found.notices += [notice for notice in composed.notices if notice not in found.notices]
        if problems:
            continue
        places = places or Places(sweep.directory, Path(composed.config.run.root))
        signature = signature_of(composed)
        known = None if composed.config.run.rerun else places.finished(signature)
        member = Member(number, tuple(overrides), Path(), signature)
        if known is not None:
            found.known.append((replace(member, directory=known.path), known))
        elif signature in first and not composed.config.run.rerun:
            found.repeated.append((member, first[signature]))
        else:
            member = places.placed(member, sweep.loader.ready)
            first.setdefault(signature, member)
            found.members.append(member)
    if problems:
        raise Refusal(problems.values())
    return found
