"""How much of what a figure differs by, a key of the overrides explains by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gliexp.runs.entry import Entry

LEAST = 4
"""Runs with the figure; fewer say nothing about a key."""
GROUPS = 5
"""Numbers of which there are more than this are put into so many groups of like size."""


def importance(entries: Sequence[Entry], keys: Sequence[str], figure: str) -> dict[str, float]:
    """For each key the share of the figure's variance between its values, in 0..1, the greatest first.

    Epsilon squared of an analysis of variance with one factor (Kelley 1935, doi:10.1073/pnas.21.9.554): what groups
    explain by chance alone is taken off, so that a key without effect has about 0. Effects of keys together are not
    seen. Keys that have as many groups as there are runs say nothing and are left out.
    """
    scored = [entry for entry in entries if figure in entry.metrics]
    values = np.array([entry.metrics[figure] for entry in scored])
    if len(scored) < LEAST or not np.ptp(values):
        return {}
    shares = {key: _share(_groups([entry.settings.get(key) for entry in scored]), values) for key in keys}
    known: Mapping[str, float] = {key: share for key, share in shares.items() if share is not None}
    return dict(sorted(known.items(), key=lambda item: -item[1]))


def as_number(text: str | None) -> float | None:
    """The finite number that a value is, if it is one."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def _share(groups: Sequence[int], values: np.ndarray) -> float | None:
    count, labels = len(set(groups)), np.array(groups)
    if not 1 < count < len(values):
        return None
    within = sum(float(((part - part.mean()) ** 2).sum()) for part in (values[labels == one] for one in set(groups)))
    total = float(((values - values.mean()) ** 2).sum())
    unexplained = (within / (len(values) - count)) / (total / (len(values) - 1))
    return float(min(1.0, max(0.0, 1 - unexplained)))


def _groups(values: Sequence[str | None]) -> list[int]:
    """The number of each value's group: equal values share one, and of many numbers those of like size."""
    distinct = sorted(set(values), key=str)
    numbers = [as_number(value) for value in values]
    if len(distinct) <= GROUPS or any(number is None for number in numbers):
        return [distinct.index(value) for value in values]
    sizes = np.array(numbers, dtype=float)
    edges = np.quantile(sizes, np.linspace(0, 1, GROUPS + 1)[1:-1])
    found: list[int] = np.searchsorted(edges, sizes, side="left").tolist()
    return found
