"""Keys by what a user types for them: a dotted path, a section, a pattern, or the last part of a path."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from gliexp.config import keys
from gliexp.config.groups import Groups
from gliexp.config.nearest import nearest_key
from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal


def select(words: Iterable[str], groups: Groups) -> list[str]:
    """The keys that the words name, in the schema's order; all of them for no word. Raises Refusal for unknown ones."""
    wanted: set[str] = set()
    problems: list[Problem] = []
    listed = list(words)
    for word in listed:
        found = _named(word)
        if not found:
            near = nearest_key(word, groups.names())
            allowed = "a key, a section, or a pattern such as 'training.*lr*'"
            problems.append(Problem(word, "no key is named so", allowed, COMMAND_LINE, near))
        wanted.update(found)
    if problems:
        raise Refusal(problems)
    return [key for key in keys.index() if not listed or key in wanted]


def _named(word: str) -> list[str]:
    index = keys.index()
    if word in index:
        return [word]
    if word in keys.sections():
        return [key for key in index if key.startswith(f"{word}.")]
    if any(mark in word for mark in "*?["):
        return [key for key in index if fnmatchcase(key, word)]
    inside = keys.owner(word)
    if inside is not None:
        return [inside.path]
    return [key for key in index if key.rpartition(".")[2] == word]
