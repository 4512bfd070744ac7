"""Which runs of many are shown, and in which order: conditions such as `status=done`, keys such as `-seconds`."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from gliexp.errors import Problem, Refusal
from gliexp.runs.entry import STATUSES, Entry
from gliexp.runs.headline import completed, is_smaller_better

FACTS = ("status", "task", "name", "signature", "path", "started", "seconds", "error", "remarks", "tags")
_CONDITION = re.compile(r"(?P<key>[^=!<>~]+?)\s*(?P<sign>!=|<=|>=|=|<|>|~)\s*(?P<value>.*)", re.DOTALL)
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

Value = float | str | None


def value_of(entry: Entry, key: str) -> Value:
    """A run's value for a fact, a figure or an override; None where it has none."""
    if key == "path":
        return str(entry.path)
    if key == "status":
        return entry.status
    if key == "remarks":
        return "; ".join(entry.remarks)
    if key == "seconds":
        return entry.seconds
    if key == "tags":
        tags = entry.record.get("tags")
        return ", ".join(map(str, tags)) if isinstance(tags, list) else ""
    if key in FACTS:
        return entry.name if key == "name" else entry.text(key)
    return entry.metrics[key] if key in entry.metrics else entry.settings.get(key)


def chosen(entries: Sequence[Entry], conditions: Sequence[str]) -> list[Entry]:
    """The runs that meet all conditions: KEY, one of = != < <= > >= ~ (a regular expression), VALUE. Raises Refusal."""
    tests: list[Callable[[Entry], bool]] = []
    problems: list[Problem] = []
    for text in conditions:
        try:
            tests.append(_test(text, entries))
        except Refusal as refusal:
            problems += refusal.problems
    if problems:
        raise Refusal(problems)
    return [entry for entry in entries if all(test(entry) for test in tests)]


def ordered(entries: Sequence[Entry], key: str) -> list[Entry]:
    """The runs by a key; a figure's best first, anything else ascending; `-` before the key turns it. Raises Refusal.

    Runs without a value come last either way.
    """
    turned, bare = key.startswith("-"), key.removeprefix("-")
    name = known_key(bare, entries, "--sort")
    figure = any(name in entry.metrics for entry in entries)
    descending = (figure and not is_smaller_better(name)) != turned

    def place(entry: Entry) -> tuple[bool, float, str]:
        value = value_of(entry, name)
        size = _number(value)
        return size is None, size or 0.0, str(value)

    known = [entry for entry in entries if value_of(entry, name) not in (None, "")]
    rest = [entry for entry in entries if value_of(entry, name) in (None, "")]
    return sorted(known, key=place, reverse=descending) + rest


def known_key(key: str, entries: Sequence[Entry], where: str) -> str:
    """The full name of a key that some run has a value for. Raises Refusal."""
    names = {*FACTS, *(name for entry in entries for name in (*entry.metrics, *entry.settings))}
    found = key if key in names else completed(key, names)
    if found is None and not entries:
        return key
    if found is None:
        near = difflib.get_close_matches(key, sorted(names), n=1)
        allowed = f"{', '.join(FACTS)}, a figure or an override of these runs"
        raise Refusal([Problem(key, "no run here has such a key", allowed, where, "".join(near))])
    return found


def _test(text: str, entries: Sequence[Entry]) -> Callable[[Entry], bool]:
    where = "--where"
    parts = _CONDITION.fullmatch(text.strip())
    if parts is None:
        raise Refusal([Problem(text, "is no condition", "KEY=VALUE, or !=, <, <=, >, >=, ~ for =", where)])
    key, sign, wanted = known_key(parts["key"], entries, where), parts["sign"], parts["value"].strip()
    if key == "status" and sign in ("=", "!=") and wanted not in STATUSES:
        near = difflib.get_close_matches(wanted, STATUSES, n=1)
        raise Refusal([Problem(text, f"no status {wanted!r}", ", ".join(STATUSES), where, "".join(near))])
    if sign == "~":
        try:
            pattern = re.compile(wanted)
        except re.error as error:
            raise Refusal([Problem(text, f"not a regular expression: {error}", where=where)]) from error
        return lambda entry: pattern.search(_text(value_of(entry, key))) is not None
    if sign in _ORDERED:
        return _comparison(text, key, sign, wanted, where)
    return lambda entry: _same(value_of(entry, key), wanted) == (sign == "=")


def _comparison(text: str, key: str, sign: str, wanted: str, where: str) -> Callable[[Entry], bool]:
    compare, limit = _ORDERED[sign], _number(wanted)
    if limit is None and key != "started":
        raise Refusal([Problem(text, f"{wanted!r} is no number", f"{key}{sign}NUMBER", where)])

    def meets(entry: Entry) -> bool:
        value = value_of(entry, key)
        if limit is None:  # times are written so that their texts sort as they do
            return bool(value) and compare(str(value), wanted)
        size = _number(value)
        return size is not None and compare(size, limit)

    return meets


def _same(value: Value, wanted: str) -> bool:
    left, right = _number(value), _number(wanted)
    return left == right if left is not None and right is not None else _text(value) == wanted


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _number(value: Value) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None
