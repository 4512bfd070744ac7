"""How a key without effect is found: a rule names keys, when they have none, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gliexp.config.schema import Config


@dataclass(frozen=True)
class Inert:
    """A key without effect under this config, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Rule:
    """`keys` have no effect where `applies`, because of `reason`. Keys are dotted; a final * stands for the rest."""

    keys: tuple[str, ...]
    applies: Callable[[Config], bool]
    reason: str


def always(_config: Config) -> bool:
    """A rule's condition that holds for every config."""
    return True


def prefixed(prefix: str, names: str) -> tuple[str, ...]:
    """Dotted keys of a section from names with spaces between."""
    return tuple(f"{prefix}.{name}" for name in names.split())
