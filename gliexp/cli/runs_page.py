"""The `runs` verb on a terminal: tables of runs, one run in full, the differences of two."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gliexp.runs.comparison import Difference
from gliexp.runs.entry import Entry
from gliexp.runs.listing import shared_directory
from gliexp.runs.settings import Setting, by_setting, differing

LONGEST = 60
"""Characters of a value; longer ones are cut. `runs show` shows them whole."""


def run_lines(entries: Sequence[Entry], figure: str | None, figures: Sequence[str], *, seeds: bool) -> Iterator[str]:
    """One line a run (with `seeds` a setting), then settings with several seeds, then what is odd or went wrong."""
    settings = by_setting(entries, figure)
    if not seeds:
        yield from _runs(entries, figures)
    if seeds or any(len(setting.runs) > 1 for setting in settings):
        yield from ([] if seeds else [""])
        yield "mean ± standard deviation over seeds" + (f", best {figure} first" if figure else "")
        yield from setting_lines(settings, figures)
    if not seeds:
        yield from (f"{entry.path}: {line}" for entry in entries for line in oddities(entry))
    counts = Counter(entry.status for entry in entries)
    yield f"{len(entries)} run{'s' * (len(entries) != 1)}" + "".join(
        f", {count} {status}" for status, count in sorted(counts.items())
    )


def setting_lines(settings: Sequence[Setting], figures: Sequence[str]) -> Iterator[str]:
    """One line a setting: how many runs, mean ± deviation of each figure, the overrides that tell it apart."""
    keys = list(dict.fromkeys(key for setting in settings for key in setting.settings))
    rows = [
        [
            *(_cut(setting.settings.get(key, "")) for key in keys),
            str(len(setting.runs)),
            *(str(setting.figures.get(name, "")) for name in figures),
        ]
        for setting in settings
    ]
    return aligned([[*keys, "runs", *figures], *rows], right=range(len(keys), len(keys) + 1 + len(figures)))


def one_run_lines(entry: Entry) -> Iterator[str]:
    """All that is known of a run."""
    rows: list[tuple[str, Any]] = [("path", entry.path), ("status", entry.status)]
    rows += [("remark", remark) for remark in entry.remarks]
    rows += [(key, value) for key, value in _facts(entry.record) if key not in ("status", "overrides", "data")]
    rows += [("override", f"{key}={value}") for key, value in entry.settings.items()]
    data = entry.record.get("data")
    rows += [
        ("data", ", ".join(f"{key} {value}" for key, value in source.items() if value not in ("", None)))
        for source in (data if isinstance(data, list) else ())
        if isinstance(source, dict)
    ]
    rows += [(name, f"{value:.6g}") for name, value in entry.metrics.items()]
    return aligned([name, str(value)] for name, value in rows)


def difference_lines(first: Entry, second: Entry, found: Sequence[Difference]) -> Iterator[str]:
    """One line a difference."""
    for letter, entry in (("A", first), ("B", second)):
        yield f"{letter}  {entry.path}  {entry.status}"
        yield from (f"{letter}  {remark}" for remark in entry.remarks)
    rows = [
        [one.part, one.key, _value(one.first), _value(one.second), "" if one.change is None else f"{one.change:+.4f}"]
        for one in found
    ]
    yield from aligned([["", "", "A", "B", "B - A"], *rows], right=(4,)) if rows else ["no difference"]


def oddities(entry: Entry) -> Iterator[str]:
    """What is odd about a run's directory, and the first line of its error."""
    yield from entry.remarks
    first, *more = entry.text("error").splitlines() or [""]
    if first:
        yield f"{first} …" if more else first


def aligned(rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> Iterator[str]:
    """Rows of cells as lines of equal columns; rich needs a millisecond a row, which ten thousand runs would feel."""
    rows, to_the_right = [[" ".join(cell.split()) for cell in row] for row in rows], set(right)
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = []
        for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
            space = " " * (width - _width(cell))
            cells.append(space + cell if place in to_the_right else cell + space)
        yield "  ".join(cells).rstrip()


def _runs(entries: Sequence[Entry], figures: Sequence[str]) -> Iterator[str]:
    keys = differing(entries)
    shared = shared_directory([str(entry.path) for entry in entries])
    rows = [
        [
            str(entry.path).removeprefix(shared),
            entry.status,
            *(_cut(entry.settings.get(key, "")) for key in keys),
            *(f"{entry.metrics[name]:.4f}" if name in entry.metrics else "" for name in figures),
            "" if entry.seconds is None else f"{entry.seconds:.0f}",
        ]
        for entry in entries
    ]
    if rows:
        head = [shared or "run", "status", *keys, *figures, "seconds"]
        yield from aligned([head, *rows], right=range(2 + len(keys), 3 + len(keys) + len(figures)))


def _facts(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if key == "metrics" or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            yield from _facts(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _value(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _cut(str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _width(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)
