"""What a shell offers for a word that is begun: verbs, groups, options, keys and the values of closed sets.

Hydra's install script asks for it (`gliexp -sc query=bash`); its own answer knows no verbs and no values, and composes.
"""

from __future__ import annotations

from collections.abc import Iterator

from gliexp.cli import VERBS
from gliexp.config import keys
from gliexp.config.groups import Groups


def suggestions(line: str) -> list[str]:
    """The whole words that may stand in place of the last, perhaps empty, word of a command line."""
    words = line.split()[1:]
    begun = words.pop() if words and not line.endswith(" ") else ""
    verb = words[0] if words and words[0] in VERBS else ""
    groups = Groups.read()
    offered = list(_values(begun, groups) if "=" in begun else _names(begun, groups, plain=verb == "explain"))
    if not words and "=" not in begun:
        offered = [*VERBS, *offered]
    return [word for word in offered if word.startswith(begun)]


def _values(begun: str, groups: Groups) -> Iterator[str]:
    """Options of a group or values of a key; of several with commas between, the last is completed."""
    name, _, value = begun.partition("=")
    before = value.rpartition(",")[0]
    front = f"{name}={before}," if before else f"{name}="
    for option in _choices(name.lstrip("+"), groups):
        yield f"{front}{option}"


def _choices(name: str, groups: Groups) -> tuple[str, ...]:
    if name in groups:
        return groups.options(name)
    known = keys.index().get(name)
    if known is None:
        return ()
    if known.hint in (bool, bool | None):
        return ("true", "false")
    return tuple(str(choice) for choice in known.limits.choices)


def _names(begun: str, groups: Groups, *, plain: bool) -> Iterator[str]:
    """Groups and keys, a level at a time; `plain` keys stand without a value, as `explain` takes them."""
    end = "" if plain else "="
    if "." not in begun:
        yield from () if plain else (f"{group}=" for group in groups.names())
    depth = begun.count(".") + 1
    for key in keys.index():
        parts = key.split(".")
        yield f"{key}{end}" if len(parts) <= depth else f"{'.'.join(parts[:depth])}."


def answer(line: str, shell: str) -> str:
    """The suggestions as the shell's script reads them."""
    return ("\n" if shell == "fish" else " ").join(dict.fromkeys(suggestions(line)))
