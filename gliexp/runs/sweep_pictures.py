"""Which pictures show what won among many runs, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gliexp.runs.entry import EXPECTED_FAULTS, SEEDS, Entry, number
from gliexp.runs.headline import SPLITS, is_smaller_better
from gliexp.runs.importance import importance
from gliexp.runs.parallel import Axis, parallel
from gliexp.runs.picture import Picture, Points, bars, lines, scatter

NAMED = 4  # runs that are told apart: as many as there are kinds of lines
DRAWN = 300  # runs in a picture; with more of them nothing could be seen
CURVES = 40
KEYS = 12


def of_runs(
    entries: Sequence[Entry],
    keys: Mapping[str, str],
    figure: str,
    names: Mapping[Path, str],
    objectives: Sequence[str] = (),
) -> Iterator[Picture]:
    """All that there is something to show for. `entries` are those with the figure, the best first.

    `keys` maps the keys that differ to the names they are shown by, `names` each run's directory to its own.
    `objectives` are the figures that were searched by, if they are several.
    """
    if not entries:
        return
    best = [(place, names[entry.path]) for place, entry in enumerate(entries[:NAMED])]
    if keys and len(entries) > 1:
        drawn = entries[:DRAWN]
        left_out = "" if len(drawn) == len(entries) else f", the best {DRAWN} of {len(entries)}"
        axes = [
            Axis.of_key(name, [entry.settings.get(key) for entry in drawn]) for key, name in list(keys.items())[:KEYS]
        ]
        axes.append(_figure_axis(figure, drawn))
        title = f"From settings to {figure}: a line a run{left_out}; the better, the further right it ends"
        yield parallel("parallel", title, axes, best)
    shares = importance(entries, list(keys), figure)
    if shares:
        title = f"Share of the variance of {figure} that each key explains by itself"
        if any(key in SEEDS for key in shares):
            title += "; that of the seed is noise"
        yield bars("importance", title, {keys[key]: share for key, share in list(shares.items())[:KEYS]}, "share")
    yield from _curves(entries, figure, names)
    for other in objectives[1:]:
        yield from _objectives(entries, objectives[0], other)


def front(entries: Sequence[Entry], figures: Sequence[str]) -> list[Entry]:
    """The runs that no other one beats in all figures at once, or equals in all and beats in one."""
    signs = [-1.0 if is_smaller_better(name) else 1.0 for name in figures]
    scored = [entry for entry in entries if all(name in entry.metrics for name in figures)]
    values = [tuple(sign * entry.metrics[name] for sign, name in zip(signs, figures, strict=True)) for entry in scored]
    unbeaten: list[int] = []
    # Whoever beats a run comes before it in this order.
    for place in sorted(range(len(scored)), key=lambda place: values[place], reverse=True):
        mine = values[place]
        beaten = any(
            values[other] != mine and all(its >= own for its, own in zip(values[other], mine, strict=True))
            for other in unbeaten
        )
        if not beaten:
            unbeaten.append(place)
    return [scored[place] for place in sorted(unbeaten)]


def logged(directory: Path, key: str) -> Points:
    """A key's values over steps in a run's metrics.jsonl; lines that are not whole are passed over."""
    points: list[tuple[float, float]] = []
    try:
        text = (directory / "metrics.jsonl").read_text(encoding="utf-8")
    except EXPECTED_FAULTS:
        return points
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except EXPECTED_FAULTS:
            continue
        step, value = (number(said.get(name)) if isinstance(said, dict) else None for name in ("step", key))
        if step is not None and value is not None:
            points.append((step, value))
    return points


def _figure_axis(figure: str, entries: Sequence[Entry]) -> Axis:
    return Axis.of_numbers(figure, [entry.metrics[figure] for entry in entries], turned=is_smaller_better(figure))


def _curves(entries: Sequence[Entry], figure: str, names: Mapping[Path, str]) -> Iterator[Picture]:
    """The figure on dev over the steps of training, then the loss: the best runs named, others thin."""
    bare = figure.partition(".")[2] if figure.partition(".")[0] in SPLITS else figure
    for name, key, what in (("curves", f"eval_{bare}", f"{bare} on dev"), ("loss", "loss", "Training loss")):
        curves = {entry.path: logged(entry.path, key) for entry in entries[:CURVES]}
        drawn = {path: points for path, points in curves.items() if len(points) > 1}
        best = {names[path]: drawn[path] for path in list(drawn)[:NAMED]}
        if best:
            behind = list(drawn.values())[NAMED:]
            others = f", thin: {len(behind)} others" if behind else ""
            yield lines(name, f"{what} over steps{others}", best, "step", behind=behind)


def _objectives(entries: Sequence[Entry], across: str, up: str) -> Iterator[Picture]:
    """One figure over another, with the runs that no other beats in both."""
    scored = [entry for entry in entries if across in entry.metrics and up in entry.metrics]
    if len(scored) < 3:
        return
    points = [(entry.metrics[across], entry.metrics[up]) for entry in scored]
    unbeaten = sorted((entry.metrics[across], entry.metrics[up]) for entry in front(scored, (across, up)))
    title = f"{up} over {across}; squares: not beaten in both"
    yield scatter(f"objectives_{up}", title, points[:DRAWN], unbeaten, across, up)
