"""A page that compares runs: what won, which keys mattered, how training went, what failed and why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gliexp.runs.entry import SEEDS, Entry, numbers
from gliexp.runs.headline import is_smaller_better
from gliexp.runs.listing import shared_directory
from gliexp.runs.page import render
from gliexp.runs.settings import Setting, by_setting, differing
from gliexp.runs.sweep_pictures import front, of_runs

NAME = "sweep.html"
COLUMNS = 6  # keys that have a column of their own; more of them share one
LONGEST = 60
TELLING = 4  # letters of a name that says something


def write(
    path: Path,
    title: str,
    entries: Sequence[Entry],
    figures: Sequence[str],
    *,
    keys: Sequence[str] | None = None,
    objectives: Sequence[str] = (),
    command: str = "",
) -> Path:
    """Write the page of `entries` to `path`; arguments as in `page`."""
    text = page(title, entries, figures, path.parent, keys=keys, objectives=objectives, command=command)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def page(
    title: str,
    entries: Sequence[Entry],
    figures: Sequence[str],
    place: Path,
    *,
    keys: Sequence[str] | None = None,
    objectives: Sequence[str] = (),
    command: str = "",
) -> str:
    """The page as HTML. Runs are ranked by the first of `figures`; with none they are only listed.

    `keys` are the overrides that tell runs apart, by default those that differ. `objectives` are figures that count
    side by side. Links to the runs' reports are relative to `place`.
    """
    entries = [_with_facts(entry, figures) for entry in entries]
    finished = [entry for entry in entries if entry.status == "done"]
    figure = figures[0] if figures else None
    told = list(differing(entries) if keys is None else keys)
    scored = [entry for entry in finished if figure is not None and figure in entry.metrics]
    if figure is not None:
        scored.sort(key=lambda entry: entry.metrics[figure], reverse=not is_smaller_better(figure))
    ranked = {entry.path for entry in scored}
    rest = [entry for entry in entries if entry.path not in ranked]
    shared = shared_directory([str(entry.path) for entry in entries])
    names = {entry.path: str(entry.path).removeprefix(shared) for entry in entries}
    short = shortened(told)
    unbeaten = {entry.path for entry in front(scored, objectives)} if len(objectives) > 1 else set()
    settings = by_setting(finished, figure, told)
    return render(
        "sweep.html.jinja",
        title=title,
        command=command,
        cards=_cards(entries, scored, figure, names),
        pictures=[] if figure is None else list(of_runs(scored, short, figure, names, objectives)),
        figure=figure,
        objectives=objectives if len(objectives) > 1 else (),
        figures=figures,
        seed_keys=SEEDS,
        columns=short if len(short) <= COLUMNS else {},
        settings=[_setting(one, figures) for one in settings] if any(len(one.runs) > 1 for one in settings) else [],
        runs=[
            {
                "name": names[entry.path],
                "link": _link(entry, place),
                "status": entry.status,
                "settings": {key: _cut(entry.settings.get(key, "")) for key in told},
                "figures": [f"{entry.metrics[name]:.4f}" if name in entry.metrics else "" for name in figures],
                "share": _share(entry, scored, figure),
                "seconds": "" if entry.seconds is None else f"{entry.seconds:.0f}",
                "unbeaten": entry.path in unbeaten,
            }
            for entry in [*scored, *rest]
        ],
        odd=[
            {
                "name": names[entry.path],
                "status": entry.status,
                "lines": [*entry.remarks, *entry.text("error").split("\n")],
            }
            for entry in entries
            if entry.remarks or entry.text("error")
        ],
    )


def shortened(keys: Sequence[str]) -> dict[str, str]:
    """Each key with as many of its last parts as tell it from the others, and as say something (peft.r, not r)."""
    found = {}
    for key in keys:
        parts = key.split(".")
        others = [f".{other}" for other in keys if other != key]
        ends = [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]
        clear = [end for end in ends if len(end) >= TELLING and not any(other.endswith(f".{end}") for other in others)]
        found[key] = clear[0] if clear else key
    return found


def _with_facts(entry: Entry, figures: Sequence[str]) -> Entry:
    """The entry with numbers of its record among its metrics, where runs are compared by these (seconds)."""
    facts = numbers(entry.record)
    return replace(entry, metrics={**{name: facts[name] for name in figures if name in facts}, **entry.metrics})


def _cards(
    entries: Sequence[Entry], scored: Sequence[Entry], figure: str | None, names: Mapping[Path, str]
) -> list[dict[str, str]]:
    counts = Counter(entry.status for entry in entries)
    seconds = sum(entry.seconds or 0.0 for entry in entries)
    cards = [{"title": f"runs {status}", "value": str(count)} for status, count in sorted(counts.items())]
    if scored and figure is not None:
        best = scored[0]
        cards.insert(0, {"title": f"best {figure}: {names[best.path]}", "value": f"{best.metrics[figure]:.4f}"})
    return [*cards, {"title": "time of all runs", "value": str(timedelta(seconds=round(seconds)))}]


def _setting(setting: Setting, figures: Sequence[str]) -> dict[str, Any]:
    return {
        "settings": {key: _cut(value) for key, value in setting.settings.items()},
        "count": len(setting.runs),
        "figures": [str(setting.figures.get(name, "")) for name in figures],
    }


def _share(entry: Entry, scored: Sequence[Entry], figure: str | None) -> float | None:
    """How far a run is from the worst (0) to the best (100), for a bar beside its figure."""
    if figure is None or figure not in entry.metrics or entry.status != "done":
        return None
    best, worst = scored[0].metrics[figure], scored[-1].metrics[figure]
    return 100.0 if best == worst else 100 * (entry.metrics[figure] - worst) / (best - worst)


def _link(entry: Entry, place: Path) -> str:
    report = entry.path / "report.html"
    return quote(os.path.relpath(report, place)) if report.is_file() else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
