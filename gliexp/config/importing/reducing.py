"""From all placed settings to those that an experiment needs: group options, and keys that differ from the defaults."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from gliexp.config import routing
from gliexp.config.compose import Composed, compose
from gliexp.config.groups import Groups
from gliexp.config.importing.modules import of_backbone
from gliexp.config.importing.options import SAID_BY_GROUP, options, said
from gliexp.config.importing.placing import Placed
from gliexp.config.importing.reading import Source
from gliexp.config.importing.special import NULL
from gliexp.config.keys import index
from gliexp.errors import Problem, Refusal

SET, DEFAULT, LEFT_OUT = "set", "as the default", "without a place"
_ROUNDS = 12


@dataclass(frozen=True)
class Fate:
    """What became of one name of the file: `kind`, the key or group it went to, and the reason or correction."""

    name: str
    value: Any
    kind: str
    target: str = ""
    note: str = ""


@dataclass(frozen=True)
class Imported:
    """An experiment: options of groups, keys with their comments, and the fate of every name of the file."""

    source: Source
    groups: dict[str, str]
    keys: dict[str, Any]
    notes: dict[str, str]
    fates: tuple[Fate, ...]

    def count(self, kind: str) -> int:
        """How many names met that fate."""
        return sum(fate.kind == kind for fate in self.fates)


@dataclass
class _Wanted:
    """What the file asks for: keys with values, and the reasons why names got none."""

    values: dict[str, Any] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    def drop(self, key: str, reason: str) -> None:
        """Give a key up; the names that asked for it are left out with the reason."""
        self.values.pop(key, None)
        for name in self.names.get(key, ()):
            self.dropped.setdefault(name, reason)


def reduce(source: Source, placed: Iterable[Placed]) -> Imported:
    """The experiment that composes to what the file says. Raises Refusal where nothing in it is a setting."""
    listed = list(placed)
    wanted = _wanted(listed)
    if not wanted.values:
        raise Refusal([Problem(source.name, "nothing in it is a setting that gliexp knows")])
    groups = Groups.read()
    chosen = options(source, wanted.values, groups)
    _correct_modules(wanted, chosen, listed)
    needed = _needed(wanted, chosen)
    counted = [item for item in listed if item.name not in wanted.dropped]
    notes = {key: item.note for item in counted for key, _ in item.keys if item.note and key in needed}
    fates = tuple(_fate(item, wanted, needed, chosen) for item in listed)
    return Imported(source, chosen, {key: needed[key] for key in index() if key in needed}, notes, fates)


def _wanted(placed: Iterable[Placed]) -> _Wanted:
    """Keys and values; of two names for one key that disagree, the one called like the key counts."""
    wanted = _Wanted()
    for item in sorted(placed, key=_by_another_name):
        for key, value in item.keys:
            if key in wanted.values and wanted.values[key] != value:
                wanted.dropped[item.name] = f"{key} is given as {wanted.names[key][0]} too, with another value"
                continue
            wanted.values[key] = value
            wanted.names.setdefault(key, []).append(item.name)
    return wanted


def _by_another_name(item: Placed) -> bool:
    return all(key.rpartition(".")[2] != item.name.rpartition(".")[2] for key, _ in item.keys)


def _correct_modules(wanted: _Wanted, chosen: Mapping[str, str], placed: list[Placed]) -> None:
    """LoRA targets under the names that the chosen backbone has for them."""
    targets = wanted.values.get("peft.target_modules")
    if not isinstance(targets, list) or "backbone" not in chosen:
        return
    known = yaml.safe_load(Groups.read().files["backbone"][chosen["backbone"]].read_text(encoding="utf-8"))
    meant = of_backbone(targets, [*known.get("attention_modules", []), *known.get("mlp_modules", [])])
    if meant == targets:
        return
    wanted.values["peft.target_modules"] = meant
    for number, item in enumerate(placed):
        if any(key == "peft.target_modules" for key, _ in item.keys):
            note = f"written {', '.join(targets)}, which {chosen['backbone']} calls otherwise"
            placed[number] = replace(item, keys=(("peft.target_modules", meant),), note=note)


def _needed(wanted: _Wanted, chosen: dict[str, str]) -> dict[str, Any]:
    """The fewest keys with which the experiment composes to the wanted values; what is refused or inert is dropped."""
    needed: dict[str, Any] = {}
    for _ in range(_ROUNDS):
        composed = _composed_or_repaired(needed, wanted, chosen)
        if composed is None:
            continue
        table = routing.table(composed.config.run.task)
        differing = {key: value for key, value in wanted.values.items() if _differs(composed, key, value, chosen)}
        missing = {key: value for key, value in differing.items() if key in table}
        # Only a config that has all that was asked for can tell what has no effect in it.
        idle = (
            []
            if missing
            else [one for one in routing.route(composed.config).inert if one.key in needed or one.key in differing]
        )
        for inert in idle:
            needed.pop(inert.key, None)
            wanted.drop(inert.key, f"no effect: {inert.reason}")
        if not missing and not idle:
            return _without_implied(needed, chosen)
        needed |= missing
    raise Refusal([Problem("import", "the settings contradict one another", where=", ".join(sorted(needed)))])


def _differs(composed: Composed, key: str, value: Any, chosen: Mapping[str, str]) -> bool:
    return key not in said(chosen) and not _same(routing.value_at(composed.config, key), value)


def _composed_or_repaired(needed: dict[str, Any], wanted: _Wanted, chosen: dict[str, str]) -> Composed | None:
    """The composed config; None after a change of `needed`, which is to be tried next."""
    try:
        return _composed(needed, chosen)
    except Refusal as refusal:
        for problem in refusal.problems:
            guilty = [problem.key] if problem.key in needed else [key for key in needed if key in str(problem)]
            guilty = guilty or _of_setting(problem.key, needed)
            if not guilty and problem.key not in index():
                raise
            for key in guilty:
                needed.pop(key)
                wanted.drop(key, f"refused: {problem.message}")
            if not guilty:  # a value of the recipe that does not go with the file's: the library's default
                needed[problem.key] = index()[problem.key].default
        return None


def _of_setting(key: str, needed: Mapping[str, Any]) -> list[str]:
    """The switch of a missing setting: training.hub_model_id is missed because of training.push_to_hub."""
    return ["training.push_to_hub"] if key.startswith("training.hub_") and "training.push_to_hub" in needed else []


def _without_implied(needed: dict[str, Any], chosen: dict[str, str]) -> dict[str, Any]:
    """Without the keys whose value follows from the others, such as save_steps from eval_steps."""
    composed = _composed({}, chosen)
    for key in list(needed):
        steps = composed.report.chain.get(key, [])
        if steps and "${" in str(steps[-1].value):
            fewer = {name: value for name, value in needed.items() if name != key}
            if _same(_value_or_none(fewer, chosen, key), needed[key]):
                needed = fewer
    return needed


def _value_or_none(needed: dict[str, Any], chosen: dict[str, str], key: str) -> Any:
    try:
        return routing.value_at(_composed(needed, chosen).config, key)
    except Refusal:
        return _Unequal()


class _Unequal:
    """Equal to nothing, not even to another one."""


def _same(has: Any, wanted: Any) -> bool:
    if has in (None, "") and wanted in (None, ""):
        return True
    return bool(has == wanted) and isinstance(has, bool) == isinstance(wanted, bool)


def _composed(keys: Mapping[str, Any], chosen: Mapping[str, str]) -> Composed:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "imported.yaml"
        content = {"defaults": [{f"override /{group}": option} for group, option in chosen.items()], **nested(keys)}
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return compose([f"experiment={file}"], environment=False)


def nested(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as the mappings of a YAML file."""
    tree: dict[str, Any] = {}
    for key, value in keys.items():
        *parents, leaf = key.split(".")
        inner = tree
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[leaf] = value
    return tree


def _fate(item: Placed, wanted: _Wanted, needed: Mapping[str, Any], chosen: Mapping[str, str]) -> Fate:
    if item.name in wanted.dropped:
        return Fate(item.name, item.value, LEFT_OUT, note=wanted.dropped[item.name])
    if not item.keys:
        return Fate(item.name, item.value, DEFAULT if item.note == NULL else LEFT_OUT, note=item.note)
    written = [key for key, _ in item.keys if key in needed]
    if written:
        return Fate(item.name, item.value, SET, ", ".join(written), item.note)
    for group in _groups_of(item, chosen):
        return Fate(item.name, item.value, SET, f"{group}={chosen[group]}", item.note)
    return Fate(item.name, item.value, DEFAULT, item.keys[0][0])


def _groups_of(item: Placed, chosen: Mapping[str, str]) -> Iterator[str]:
    for group in chosen:
        if any(key in SAID_BY_GROUP[group] for key, _ in item.keys):
            yield group
