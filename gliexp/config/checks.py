"""Semantic checks."""

from __future__ import annotations

from collections.abc import Iterator

from gliexp.config.keys import index
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.errors import Problem


def problems(config: Config, report: Report, *, environment: bool) -> Iterator[Problem]:
    """All semantic problems."""
    yield from ()


def is_default(config: Config, key: str) -> bool:
    """Whether a key has its schema default."""
    value: object = config
    for part in key.split("."):
        value = getattr(value, part)
    return value == index()[key].default
