"""Labels that are most likely one label under several spellings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_JOINTS = re.compile(r"[\s_\-./]+")


def collisions(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of labels that differ in case, spaces, underscores, hyphens, dots, slashes or Unicode form alone."""
    groups: dict[str, list[str]] = {}
    for label in sorted(set(labels)):
        groups.setdefault(_plain(label), []).append(label)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _plain(label: str) -> str:
    # words run together ("PoliticalParty", "political party") are the same name to a person, not to a model
    return _JOINTS.sub("", unicodedata.normalize("NFKC", label).casefold())
