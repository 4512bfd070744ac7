"""The index of all config keys, read once from the schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from gliexp.config.schema import Config
from gliexp.config.schema.key import Limits


@dataclass(frozen=True)
class Key:
    """One leaf of the config: dotted path, type as written, default, description, domain and limits."""

    path: str
    hint: Any
    default: Any
    description: str
    domain: str
    limits: Limits

    @property
    def type_text(self) -> str:
        """The type in words a YAML writer knows."""
        if self.limits.kinds:
            words = " or ".join(
                {
                    "str": "text",
                    "dict": "a mapping",
                    "list": "a list",
                    "bool": "true or false",
                    "int": "a whole number",
                    "float": "a number",
                }[kind]
                for kind in self.limits.kinds
            )
            return f"{words} or null"
        text = self.hint.__name__ if isinstance(self.hint, type) and "[" not in str(self.hint) else str(self.hint)
        for python, words in (
            ("dict[str, typing.Any]", "a mapping"),
            ("list[str]", "a list of text"),
            ("list[float]", "a list of numbers"),
            ("float", "a number"),
            ("bool", "true or false"),
            ("int", "a whole number"),
            ("str", "text"),
            ("typing.Optional[", ""),
            ("None", "null"),
            (" | ", " or "),
        ):
            text = text.replace(python, words)
        return text.rstrip("]")

    @property
    def allowed(self) -> str:
        """What the key accepts, in words."""
        limits = self.limits.text()
        if self.limits.choices:
            return limits
        return f"{self.type_text}, {limits}" if limits else self.type_text


@cache
def index() -> dict[str, Key]:
    """All leaves by dotted path, in the schema's order."""
    return {key.path: key for key in _leaves(Config, "")}


def _leaves(section: type, prefix: str) -> Iterable[Key]:
    hints = get_type_hints(section)
    for field in dataclasses.fields(section):
        path = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(hints[field.name]):
            yield from _leaves(hints[field.name], f"{path}.")
            continue
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        metadata = field.metadata
        yield Key(path, hints[field.name], default, metadata["description"], metadata["domain"], metadata["limits"])


@cache
def sections() -> frozenset[str]:
    """Dotted paths of everything that has keys below it."""
    return frozenset(".".join(path.split(".")[:depth]) for path in index() for depth in range(1, path.count(".") + 1))


def owner(path: str) -> Key | None:
    """The leaf that a path names, or the open mapping that it lies inside; None for an unknown path."""
    parts = path.split(".")
    for depth in range(len(parts), 1, -1):
        found = index().get(".".join(parts[:depth]))
        if found is not None:
            inside = depth < len(parts)
            return found if not inside or "dict" in (*found.limits.kinds, str(found.hint)[:4]) else None
    return None
