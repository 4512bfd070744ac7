"""The names of a foreign file, and the key of ours that each stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gliexp.config import foreign, legacy, secrets
from gliexp.config.importing import unplaced
from gliexp.config.keys import index, sections

ORDER = ("model", "training", "peft", "data", "run", "tracking", "launch")
"""Sections in which a name without section is looked for."""


def leaves(content: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values; mappings that are values stay whole."""
    for name, value in content.items():
        path = f"{above}{name}"
        if isinstance(value, dict) and value and not _is_value(path):
            yield from leaves(value, f"{path}.")
        else:
            yield path, value


def _is_value(path: str) -> bool:
    """Whether a mapping under this name is one setting."""
    leaf = path.rpartition(".")[2]
    key = key_of(path)
    takes_mapping = key != "" and "dict" in (*index()[key].limits.kinds, str(index()[key].hint)[:4])
    return takes_mapping or leaf in unplaced.LOGGED or leaf in unplaced.PRETRAINED or leaf in unplaced.BACKBONE


def key_of(path: str, preferred: tuple[str, ...] = ORDER) -> str:
    """Our key for a foreign name, or an empty text."""
    if path in index():
        return _today(path)
    *above, leaf = path.split(".")
    home = foreign.SECTIONS.get(above[0], above[0]) if above else ""
    for candidate in (f"{home}.{'.'.join([*above[1:], leaf])}", f"{home}.{leaf}"):
        if candidate in index():
            return _today(candidate)
    if leaf in foreign.RENAMED:
        return foreign.RENAMED[leaf]
    if above and home in sections():
        return ""  # of a section that we know, but not known in it
    return next((_today(f"{section}.{leaf}") for section in preferred if f"{section}.{leaf}" in index()), "")


def _today(key: str) -> str:
    old = legacy.CARRIED.get(key.removeprefix("training.")) if key.startswith("training.") else None
    return f"training.{old.key}" if old else key


def is_secret(name: str) -> bool:
    """Whether a foreign name is that of a secret: by its key, or by its sound where it has none."""
    key, leaf = key_of(name), name.rpartition(".")[2]
    if key:
        return index()[key].limits.secret
    return leaf not in unplaced.PRETRAINED and secrets.is_secret(name.lower())
