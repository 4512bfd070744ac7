"""Routes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gliexp.config.schema import Config


@dataclass(frozen=True)
class Inert:
    """A key without effect under this config, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class Routed:
    """Destination object → attribute → value, and the keys that reach none."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    inert: tuple[Inert, ...] = ()


def route(config: Config) -> Routed:
    """Send every leaf to its destination."""
    return Routed()
