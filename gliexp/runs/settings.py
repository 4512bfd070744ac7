"""What tells runs apart: the overrides that are not the same in all of them, and groups that differ by seed alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gliexp.runs.entry import SEEDS, Entry
from gliexp.runs.headline import is_smaller_better


def differing(entries: Sequence[Entry]) -> list[str]:
    """The keys of overrides whose values are not the same in all runs, in the order of their first appearance.

    Runs without a record are left out: nothing is known of them.
    """
    known = [entry.settings for entry in entries if entry.record]
    keys = dict.fromkeys(key for settings in known for key in settings)
    return [key for key in keys if len({settings.get(key) for settings in known}) > 1]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation over runs; `deviation` is None for a single one."""

    mean: float
    deviation: float | None
    count: int

    def __str__(self) -> str:
        return f"{self.mean:.4f}" if self.deviation is None else f"{self.mean:.4f} ± {self.deviation:.4f}"


@dataclass(frozen=True)
class Setting:
    """Runs that differ by nothing but their seed, with the overrides that tell them from others, and their figures."""

    settings: Mapping[str, str]
    runs: tuple[Entry, ...]
    figures: Mapping[str, Spread]


def by_setting(
    entries: Sequence[Entry], rank_by: str | None = None, keys: Sequence[str] | None = None
) -> list[Setting]:
    """The finished runs grouped by setting, the best first by the mean of the figure `rank_by`.

    `keys` are the overrides that tell settings apart, by default those that differ.
    """
    finished = [entry for entry in entries if entry.status == "done"]
    told_by = [key for key in (differing(finished) if keys is None else keys) if key not in SEEDS]
    grouped: dict[tuple[object, ...], list[Entry]] = {}
    for entry in finished:
        grouped.setdefault(entry.setting, []).append(entry)
    found = [
        Setting({key: runs[0].settings[key] for key in told_by if key in runs[0].settings}, tuple(runs), _spreads(runs))
        for runs in grouped.values()
    ]
    if rank_by is None:
        return found
    return sorted(found, key=lambda setting: _rank(setting.figures.get(rank_by), is_smaller_better(rank_by)))


def _spreads(runs: Sequence[Entry]) -> dict[str, Spread]:
    names = dict.fromkeys(name for run in runs for name in run.metrics)
    figures = {}
    for name in names:
        values = [run.metrics[name] for run in runs if name in run.metrics]
        deviation = statistics.stdev(values) if len(values) > 1 else None
        figures[name] = Spread(statistics.fmean(values), deviation, len(values))
    return figures


def _rank(spread: Spread | None, smaller: bool) -> tuple[bool, float]:
    """Sorts the best first and what has no figure last."""
    return (True, 0.0) if spread is None else (False, spread.mean if smaller else -spread.mean)
