"""The nearest right name to a wrong one: a misspelt, foreign or old key, group, option, choice or verb."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cache

from gliexp.config import foreign, keys, legacy
from gliexp.config.groups import GROUP_NAMES, Groups

BARE_ORDER = ("run", "training", "model", "peft", "data", "tracking", "launch", "rl", "backbone")
"""Of several keys with one last part, a name without section most often means that of the first of these sections."""


def nearest(word: str, names: Iterable[str]) -> str:
    """The name one edit away, else the first that `word` begins, else the one with the fewest edits; may be empty."""
    plain, listed = _plain(word), list(names)
    best: tuple[float, float, str] | None = None
    for name in listed:
        known = _plain(name)
        edits = distance(plain, known)
        if edits > max(2, len(plain) // 3) or edits >= len(plain):
            continue
        score = (edits, -difflib.SequenceMatcher(None, plain, known).ratio(), name)
        best = score if best is None or score < best else best
    begun = beginning_with(plain, [_plain(name) for name in listed])
    if begun and (best is None or best[0] > 1):  # people remember the start of a name
        return next(name for name in listed if _plain(name) == begun[0])
    return best[2] if best else ""


def beginning_with(word: str, names: Iterable[str]) -> list[str]:
    """The names that `word` is the beginning of; none for words of one or two letters."""
    return [name for name in names if name.startswith(word)] if len(word) > 2 else []


def nearest_key(path: str, groups: Iterable[str] = ()) -> str:
    """The closest key or group to a wrong path; old and foreign names lead to today's. Empty where nothing is close."""
    *above, leaf = path.lstrip("+~").split(".")
    section = ".".join(above)
    if section in keys.index():
        return section  # a value, which has nothing inside
    for found in (
        _moved(section, leaf),
        _section_misspelt(section, leaf),
        _renamed(leaf),
        _elsewhere(section, leaf),
        _group(section, leaf, groups),
    ):
        if found:
            return found
    return _misspelt(section, leaf, tuple(groups))


def nearest_option(groups: Groups, group: str, option: str) -> str:
    """The closest option of a group, several that `option` begins, or another group that has it: `GROUP=OPTION`."""
    known = groups.options(group)
    begun = beginning_with(option, known)
    if begun:
        return " or ".join(begun[:3])
    found = nearest(option.rsplit("/", 1)[-1], known)
    others = [other for other in groups.names() if other != group]
    elsewhere = [other for other in others if groups.spelling(other, option) in groups.files[other]]
    if elsewhere and _plain(found) != _plain(option):
        return f"{elsewhere[0]}={groups.spelling(elsewhere[0], option)}"
    return found


def nearest_choice(value: str, choices: Sequence[object]) -> str:
    """The closest of a closed set; empty where none is close."""
    return nearest(value, [str(choice) for choice in choices])


def nearest_verb(word: str, verbs: Iterable[str], groups: Groups) -> str:
    """The closest verb, or `group=…` for a group's name."""
    listed = list(verbs)
    if foreign.VERBS.get(word) in listed:
        return foreign.VERBS[word]
    found = nearest(word, [*listed, *groups.names()])
    return f"{found}=…" if found not in listed and found else found


@cache
def distance(one: str, other: str) -> int:
    """Edits between two words: letters left out, put in, replaced, or two neighbours swapped (optimal alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        now = [i]
        for j, known in enumerate(other, 1):
            cost = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (letter != known))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == known:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        before, row = row, now
    return row[-1]


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")


def _moved(section: str, leaf: str) -> str:
    """A key of a section that is called otherwise here."""
    home = foreign.SECTIONS.get(section, section)
    for candidate in (f"{home}.{leaf}", f"{home}.{home}_{leaf}", f"{home}.{section}_{leaf}"):
        if section and candidate in keys.index():
            return _today(candidate)
    return ""


def _section_misspelt(section: str, leaf: str) -> str:
    """The key of a section that is one or two letters off."""
    homes = [home for home in keys.sections() if f"{home}.{leaf}" in keys.index() and distance(section, home) <= 2]
    return _today(f"{min(homes, key=lambda home: distance(section, home))}.{leaf}") if section and homes else ""


def _renamed(leaf: str) -> str:
    key = foreign.RENAMED.get(leaf, "")
    return key if key in keys.index() else ""


def _elsewhere(section: str, leaf: str) -> str:
    """A key with the same last part in another section: the one whose section is most alike."""
    same = [key for key in keys.index() if key.rpartition(".")[2] == leaf]
    if not same:
        return ""
    if section:
        return _today(min(same, key=lambda key: (distance(section, key.rpartition(".")[0]), _rank(key))))
    return _today(min(same, key=_rank))


def _group(section: str, leaf: str, groups: Iterable[str]) -> str:
    name = GROUP_NAMES.get(leaf, "") if not section else ""
    return name if name in set(groups) else ""


def _misspelt(section: str, leaf: str, groups: tuple[str, ...]) -> str:
    """The key, foreign name or group with the fewest edits in section and last part."""
    best: tuple[float, float, int, str] | None = None
    for name, target in (*_named(), *((group, group) for group in groups if not section)):
        home, _, last = name.rpartition(".")
        if abs(len(last) - len(leaf)) > max(2, len(leaf) // 3):
            continue
        # A foreign name has no section here: beside a section that was typed it is the less likely meaning.
        apart: float = (distance(section, home) if home else 0.5) if section else 0
        wrong = distance(leaf, last)
        edits = wrong + apart
        if edits > max(2, (len(leaf) + len(section)) // 3) or wrong >= len(leaf):
            continue
        likeness = difflib.SequenceMatcher(None, leaf, last).ratio()
        score = (edits, -likeness, _rank(target), target)
        best = score if best is None or score < best else best
    return _today(best[3]) if best else ""


@cache
def _named() -> tuple[tuple[str, str], ...]:
    """Every name that may be meant, and the key for it."""
    return (*((key, key) for key in keys.index()), *foreign.RENAMED.items())


def _rank(key: str) -> int:
    section = key.split(".")[0]
    return BARE_ORDER.index(section) if section in BARE_ORDER else -1


def _today(key: str) -> str:
    """An old name's successor, or the key itself."""
    target = legacy.CARRIED.get(key.removeprefix("training."))
    return f"training.{target.key}" if target and key.startswith("training.") else key
