"""What is not the same in two runs: config, data, versions, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gliexp.runs.entry import EXPECTED_FAULTS, Entry
from gliexp.runs.signature import leaves

ABSENT = "absent"
CONFIG = "config.resolved.yaml"


@dataclass(frozen=True)
class Difference:
    """One thing that differs: `part` is config, data, versions or metrics; `change` is B - A for numbers."""

    part: str
    key: str
    first: Any
    second: Any

    @property
    def change(self) -> float | None:
        """By how much a metric of the second run is above that of the first."""
        if self.part != "metrics" or ABSENT in (self.first, self.second):
            return None
        return float(self.second - self.first)


def differences(first: Entry, second: Entry) -> list[Difference]:
    """Everything that differs between two runs, and all metrics of both, config first."""
    found = []
    for part, left, right in (
        ("config", config(first), config(second)),
        ("data", _data(first), _data(second)),
        ("versions", _flat(first.record.get("versions")), _flat(second.record.get("versions"))),
        ("metrics", first.metrics, second.metrics),
    ):
        for key in dict.fromkeys([*left, *right]):
            one, other = left.get(key, ABSENT), right.get(key, ABSENT)
            if one != other or part == "metrics":
                found.append(Difference(part, key, one, other))
    return found


def config(entry: Entry) -> dict[str, Any]:
    """The run's resolved config by dotted keys; its overrides where that file is missing or cannot be read."""
    whole = resolved(entry.path)
    return entry.settings if whole is None else whole


def resolved(directory: Path) -> dict[str, Any] | None:
    """config.resolved.yaml of a run by dotted keys, or None."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load((directory / CONFIG).read_bytes(), loader)
    except (*EXPECTED_FAULTS, yaml.YAMLError):
        return None
    return leaves(content) if isinstance(content, dict) else None


def _data(entry: Entry) -> dict[str, Any]:
    """Facts of the data files by split and place; where a file lies plays no part if its contents are known."""
    sources = entry.record.get("data")
    known = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    facts: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for source in known:
        split = str(source.get("split"))
        counts[split] = counts.get(split, 0) + 1
        place = split if counts[split] == 1 else f"{split} {counts[split]}"
        facts |= {f"{place} {name}": source[name] for name in ("rows", "sha256") if name in source}
        if "sha256" not in source:
            facts[f"{place} path"] = source.get("path")
    return facts | {f"dropped {reason}": count for reason, count in _flat(entry.record.get("dropped")).items()}


def _flat(value: Any) -> Mapping[str, Any]:
    return leaves(value) if isinstance(value, dict) else {}
