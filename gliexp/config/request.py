"""Overrides read one by one: each is corrected, understood, or refused with its reason."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.errors import HydraException

from gliexp.config import foreign, keys, nearest, secrets, values
from gliexp.config.groups import SEVERAL, Groups
from gliexp.config.report import COMMAND_LINE, Report, Step
from gliexp.errors import Problem

EXPERIMENT = "experiment@_global_"
SHORT = {"resume_anyway": "training.resume_anyway"}
"""Keys that are asked for on the command line by their last word."""


@dataclass(frozen=True)
class Request:
    """The overrides that Hydra may have, the groups that the user named, and the open mappings that get keys."""

    overrides: tuple[str, ...]
    named_groups: frozenset[str]
    opened: frozenset[str] = frozenset()


@cache
def _parser() -> OverridesParser:
    return OverridesParser.create()


def read(texts: Sequence[str], groups: Groups, report: Report, *, sweep: bool = False) -> Request:
    """Understand each override; what is wrong goes to the report, the rest is returned as Hydra should get it.

    With `sweep`, values with several choices are let through unread: every member is read by itself later.
    """
    good: list[str] = []
    named: set[str] = set()
    opened: set[str] = set()
    for text in texts:
        reader = _Reader(groups, report, sweep)
        ready = reader.read(text)
        if ready is not None:
            good.append(ready)
            named.update(reader.named)
            opened.add(reader.opened)
    return Request(tuple(good), frozenset(named), frozenset(opened - {""}))


def leaves(key: str, value: Any) -> Iterable[tuple[str, Any]]:
    """A value under a key as (leaf path, value) pairs; open mappings stay whole."""
    found = keys.index().get(key)
    if found is None and isinstance(value, dict) and value and keys.owner(key) is None:
        for name, inner in value.items():
            yield from leaves(f"{key}.{name}" if key else str(name), inner)
        return
    yield key, value


def check_leaf(key: str, value: Any, where: str, groups: Groups, report: Report) -> bool:
    """Whether a leaf is known and its value fits; a problem is reported where not."""
    found = keys.index().get(key)
    if found is None:
        if key in keys.sections():
            if value is None or isinstance(value, dict):
                return value is not None
            inside = f"it is a section; its keys are {', '.join(_children(key))}"
            report.refuse(Problem(key, f"does not accept {values.shown(key, value)}", allowed=inside, where=where))
            return False
        if keys.owner(key) is not None:
            return True
        near = nearest.nearest_key(key, groups.names())
        report.refuse(Problem(key, unknown("key", key, value), where=where, nearest=near))
        return False
    problem = values.wrong(found, value, where)
    if problem is not None:
        report.refuse(problem)
    return problem is None


def unknown(kind: str, key: str, value: Any) -> str:
    """What is said of a name that is none, with the reason where one is known."""
    reason = foreign.PLACELESS.get(key.rpartition(".")[2], "")
    return f"unknown {kind} (value {values.shown(key, value)})" + (f": {reason}" if reason else "")


def _children(section: str) -> list[str]:
    return [path[len(section) + 1 :] for path in keys.index() if path.startswith(f"{section}.")]


class _Reader:
    """Reads one override."""

    def __init__(self, groups: Groups, report: Report, sweep: bool) -> None:
        self.groups = groups
        self.report = report
        self.sweep = sweep
        self.named: list[str] = []
        self.opened = ""

    def read(self, text: str) -> str | None:
        name, equals, value = text.partition("=")
        if name.lstrip("+") in SHORT:
            name = SHORT[name.lstrip("+")]
            text = f"{name}={value}"
        if not equals and not text.startswith("~"):
            near = nearest.nearest_key(text, self.groups.names())
            self._refuse(text or "''", "not of the form key=value", "key=value or group=option", near)
            return None
        if secrets.is_secret(name):
            text = self._hide(name, value)
        try:
            override = _parser().parse_override(text)
        except (HydraException, ValueError, RecursionError) as error:  # numbers of thousands of digits, deep nesting
            shown = values.shown(name, value)
            reason = str(error).splitlines()[0].split("'")[0].strip() or "it is not in Hydra's grammar"
            self._refuse(name, f"cannot read {shown}: {reason}", "quote values with special characters: key='…'")
            return None
        if override.key_or_group.startswith("hydra"):
            return text
        return self._group(override, text) if self._is_group(override) else self._key(override, text)

    def _refuse(self, key: str, message: str, allowed: str = "", nearest: str = "") -> None:
        self.report.refuse(Problem(key or "''", message, allowed=allowed, where=COMMAND_LINE, nearest=nearest))

    def _hide(self, name: str, value: str) -> str:
        """The override with its secret held in memory; a misspelt key's is only masked."""
        key, plain = name.lstrip("+"), value.strip("'\"")
        if values.is_open(plain):
            return f"{name}={value}"
        if key in secrets.secret_keys():
            return f"{key}={secrets.hold(key, None if plain in ('null', '') else plain) or 'null'}"
        if key.startswith(secrets.VARIABLES):
            secrets.hold(key, plain)
        return f"{name}={secrets.MARK}"

    def _is_group(self, override: Override) -> bool:
        return override.key_or_group in self.groups or override.package is not None

    def _many(self, override: Override) -> bool:
        """Whether a sweep's several values are given; refused outside a sweep."""
        if not override.is_sweep_override():
            return False
        if not self.sweep:
            self._refuse(override.key_or_group, "several values", "-m to sweep over them, or key=[a,b] for a list")
        return True

    def _group(self, override: Override, text: str) -> str | None:
        group = override.key_or_group
        if group not in self.groups:
            self._refuse(group, "unknown group", nearest=nearest.nearest_key(group, self.groups.names()))
            return None
        target = (
            EXPERIMENT
            if group == "experiment" and override.package in (None, "_global_")
            else override.get_key_element().lstrip("~" if override.package else "+~")
        )
        if override.is_delete():
            self.named.append(group)
            return f"~{target}"
        if self._many(override):
            self.named.append(group)
            return f"{target}={text.partition('=')[2]}" if self.sweep else None
        option = override.value()
        if isinstance(option, list) and group in SEVERAL and all(isinstance(each, str) for each in option):
            return self._options(group, target, option)
        if isinstance(option, (dict, list)):
            if group in keys.sections():
                return self._key(override, text)
            self._refuse(group, f"does not accept {values.shown(group, option)}", ", ".join(self.groups.options(group)))
            return None
        ready = self._option(group, "null" if option is None else str(option))
        if ready is None:
            return None
        self.named.append(group)
        self.report.choices[group] = None if option is None else ready.strip("'")
        return f"{target}={ready}"

    def _options(self, group: str, target: str, options: list[str]) -> str | None:
        """Several options of one group, which are merged in their order."""
        ready = [self._option(group, option) for option in options]
        if None in ready:
            return None
        self.named.append(group)
        chosen = ",".join(str(each) for each in ready)
        self.report.choices[group] = chosen
        return f"{target}=[{chosen}]"

    def _option(self, group: str, option: str) -> str | None:
        if option == "null":
            return option
        if group == "experiment" and option.endswith((".yaml", ".yml")):
            return self._experiment_file(Path(option))
        meant = self.groups.spelling(group, option)
        if meant not in self.groups.files[group]:
            known = self.groups.options(group)
            self._refuse(
                group,
                f"no option {values.shown(group, option)}",
                ", ".join(known) or "none yet",
                nearest.nearest_option(self.groups, group, option),
            )
            return None
        if meant != option:
            self.report.note(f"{group}={option} is read as {group}={meant}")
        return meant

    def _experiment_file(self, file: Path) -> str | None:
        if not file.is_file():
            beside = [str(path) for path in file.parent.glob("*.y*ml")] if file.parent.is_dir() else []
            near = difflib.get_close_matches(str(file), beside, n=1)
            self._refuse(
                "experiment", f"no file {file}", "a name in conf/experiment or a YAML file", near[0] if near else ""
            )
            return None
        return f"'{file.resolve()}'"

    def _key(self, override: Override, text: str) -> str | None:
        key = override.key_or_group
        if override.is_delete():
            self._refuse(key, "a key cannot be deleted", "key=null where null is allowed")
            return None
        if "." not in key and key not in keys.sections() and not override.is_sweep_override():
            self._refuse(
                key,
                unknown("key or group", key, override.value()),
                nearest=nearest.nearest_key(key, self.groups.names()),
            )
            return None
        owner = keys.owner(key)
        inside = owner is not None and owner.path != key
        if self._many(override):
            return text if self.sweep else None
        value = _plain(override.value())
        fine = True
        for path, inner in leaves(key, value):
            accepted = check_leaf(path, inner, COMMAND_LINE, self.groups, self.report)
            if accepted:
                note = f"at {key}" if inside else ""
                self.report.record(owner.path if owner else path, Step(COMMAND_LINE, inner, explicit=True, note=note))
            fine = fine and accepted
        if not fine:
            return None
        bare = text.lstrip("+")
        if owner is None or not (inside or isinstance(value, dict)):
            return bare
        self.opened = owner.path
        return f"++{bare}"


def _plain(value: Any) -> Any:
    """An override's value without Hydra's wrappers."""
    if isinstance(value, QuotedString):
        return value.text
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
