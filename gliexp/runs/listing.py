"""A list of runs as one table: the columns that tell them apart, for terminals, CSV and JSON."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from typing import Any, TextIO

from gliexp.runs.entry import Entry
from gliexp.runs.settings import Setting, by_setting, differing

FACTS = ("path", "status", "task", "name", "signature", "started", "seconds")


def document(entries: Sequence[Entry], rank_by: str | None) -> dict[str, Any]:
    """Everything about the runs as plain values that JSON can hold."""
    return {
        "ranked_by": rank_by,
        "runs": [
            {
                **facts(entry),
                "overrides": entry.settings,
                "metrics": dict(entry.metrics),
                "error": entry.record.get("error"),
                "remarks": list(entry.remarks),
            }
            for entry in entries
        ],
        "settings": [
            {
                "overrides": dict(setting.settings),
                "runs": [str(run.path) for run in setting.runs],
                "metrics": {
                    name: {"mean": spread.mean, "sd": spread.deviation, "runs": spread.count}
                    for name, spread in setting.figures.items()
                },
            }
            for setting in by_setting(entries, rank_by)
        ],
    }


def facts(entry: Entry) -> dict[str, Any]:
    """What every run has, by name."""
    return {
        "path": str(entry.path),
        "status": entry.status,
        "task": entry.task,
        "name": entry.name,
        "signature": entry.signature,
        "started": entry.text("started"),
        "seconds": entry.seconds,
    }


def as_json(entries: Sequence[Entry], rank_by: str | None) -> str:
    """The document as JSON text."""
    return json.dumps(document(entries, rank_by), indent=1, ensure_ascii=False, default=str)


def write_csv(entries: Sequence[Entry], out: TextIO) -> None:
    """One line a run: its facts, the overrides that differ, all figures, remarks."""
    keys = differing(entries)
    figures = list(dict.fromkeys(name for entry in entries for name in entry.metrics))
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*FACTS, *keys, *figures, "remarks"])
    for entry in entries:
        written = [_cell(value) for value in facts(entry).values()]
        settings = [entry.settings.get(key, "") for key in keys]
        table.writerow(
            [*written, *settings, *(_cell(entry.metrics.get(name)) for name in figures), "; ".join(entry.remarks)]
        )


def write_settings_csv(found: Sequence[Setting], out: TextIO) -> None:
    """One line a setting: the overrides that tell it apart, how many runs it has, mean and deviation of each figure."""
    keys = list(dict.fromkeys(key for setting in found for key in setting.settings))
    figures = list(dict.fromkeys(name for setting in found for name in setting.figures))
    table = csv.writer(out, lineterminator="\n")
    table.writerow([*keys, "runs", *(f"{name} {part}" for name in figures for part in ("mean", "sd"))])
    for setting in found:
        spreads = [setting.figures.get(name) for name in figures]
        cells = [
            _cell(part) for spread in spreads for part in ((spread.mean, spread.deviation) if spread else (None, None))
        ]
        table.writerow([*(setting.settings.get(key, "") for key in keys), len(setting.runs), *cells])


def shared_directory(paths: Sequence[str]) -> str:
    """The directories that all paths begin with, with the slash at their end; empty for a single one."""
    if len(paths) < 2:
        return ""
    parents = {os.path.dirname(path) for path in paths}  # noqa: PTH120 - texts, not files
    if len({parent.startswith("/") for parent in parents}) > 1:
        return ""
    common = os.path.commonpath(parents)
    return f"{common}/" if common not in ("", "/") else ""


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
