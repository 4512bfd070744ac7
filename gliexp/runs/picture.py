"""Pictures of a run: drawn once, shown in the report in the page's own colours and saved as PNG.

Lines differ by dashes and markers and bars by hatching, and all are named in words, so that colour says nothing alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, SECOND, FAINT, GRID, BACK = "#0b57b0", "#a13d00", "#57606a", "#d0d7de", "#fefefe"
VARIABLES = {INK: "--ink", SECOND: "--second", FAINT: "--faint", GRID: "--line", BACK: "--back"}
"""Colours that the page replaces by its own, which differ on a dark screen."""
STYLES = (("-", "o", INK), ("--", "s", SECOND), (":", "^", INK), ("-.", "D", SECOND))
SIZE = (4.4, 2.7)  # inches; a picture is as wide as a narrow window, so that its text is not shrunk
DOTTED = 30  # fewer points than this are marked, so that single evaluations can be told apart
BINS = 30
SETTINGS: Any = {"svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif", "axes.axisbelow": True}

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Picture:
    """A drawn figure; `title` says in words what it shows, `name` is its file's."""

    name: str
    title: str
    figure: Figure

    @property
    def svg(self) -> str:
        """An inline SVG without any address, in the page's colours and fonts."""
        target = io.StringIO()
        with matplotlib.rc_context({**SETTINGS, "svg.hashsalt": self.name}):
            self._draw(target, format="svg", transparent=True, metadata={"Date": None})
        text = target.getvalue()
        text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
        frame = re.search(r'viewBox="[^"]*"', text)
        opening = f'<svg {frame.group() if frame else ""} role="img" aria-label="{escape(self.title)}">'
        text = re.sub(r"<svg [^>]*>", lambda _: opening, text, count=1)
        for colour, variable in VARIABLES.items():
            text = text.replace(colour, f"var({variable})")
        return re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", text)

    def write_png(self, directory: Path) -> Path:
        """Save it as PNG, black on white."""
        path = directory / f"{self.name}.png"
        with matplotlib.rc_context(SETTINGS):
            self._draw(path, format="png", dpi=150, facecolor="white", pil_kwargs={"compress_level": 1})
        return path

    def _draw(self, target: Any, **options: Any) -> None:
        """Draw it; the layout, which costs as much as the rest, is found once and kept."""
        self.figure.savefig(target, **options)
        self.figure.set_layout_engine("none")


def lines(
    name: str,
    title: str,
    series: Mapping[str, Points],
    across: str,
    marks: Mapping[str, float] | None = None,
    up: str = "",
    behind: Sequence[Points] = (),
) -> Picture:
    """Curves through (x, y) points by their names; `marks` are named places on the x axis, `up` names the other.

    Those `behind` are drawn thin, without names.
    """
    figure, axes = _empty(across)
    axes.set_ylabel(up, color=FAINT)
    for points in behind:
        axes.plot([x for x, _ in points], [y for _, y in points], color=GRID, linewidth=0.8)
    for (label, points), (dash, marker, colour) in zip(series.items(), STYLES * len(series), strict=False):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        shown = marker if len(points) < DOTTED else ""
        axes.plot(xs, ys, linestyle=dash, marker=shown, markersize=3.5, color=colour, linewidth=1.4, label=label)
    for label, place in (marks or {}).items():
        _mark(axes, label, place)
    if len(series) > 1:
        figure.legend(loc="outside upper center", ncols=2, frameon=False, labelcolor=FAINT, handlelength=3)
    return Picture(name, title, figure)


def histogram(name: str, title: str, values: Sequence[int], across: str, limits: Mapping[str, float]) -> Picture:
    """How often whole numbers occur, in bars, with named limits."""
    figure, axes = _empty(across)
    highest = max(values, default=1)
    width = max(1, -(-(highest + 1) // BINS))
    axes.hist(values, bins=range(0, highest + 2 * width, width), color=INK, edgecolor=GRID, hatch="///", linewidth=0.5)
    axes.set_ylabel("how many", color=FAINT)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    for label, place in limits.items():
        if place <= 3 * highest:  # a limit far beyond everything would press the bars into a corner
            _mark(axes, label, place)
    return Picture(name, title, figure)


def bars(name: str, title: str, values: Mapping[str, float], across: str = "F1") -> Picture:
    """A bar from 0 to 1 for each label, its value written beside it."""
    figure, axes = _empty(across, height=max(SIZE[1], 0.6 + 0.2 * len(values)))
    names = [label if len(label) <= 24 else f"{label[:23]}…" for label in values]
    places = range(len(values))
    axes.barh(places, list(values.values()), color=INK, height=0.7)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    for place, value in zip(places, values.values(), strict=True):
        axes.text(value + 0.01, place, f"{value:.2f}", va="center", color=FAINT, fontsize=8)
    return Picture(name, title, figure)


def scatter(name: str, title: str, points: Points, front: Points, across: str, up: str) -> Picture:
    """Points in the plane, rings; those of the `front` are squares on a line."""
    figure, axes = _empty(across)
    axes.set_ylabel(up, color=FAINT)
    axes.plot([x for x, _ in points], [y for _, y in points], "o", color=FAINT, markersize=3.5, fillstyle="none")
    axes.plot([x for x, _ in front], [y for _, y in front], "--s", color=INK, markersize=4.5, linewidth=1)
    return Picture(name, title, figure)


def _empty(across: str, height: float = SIZE[1]) -> tuple[Figure, Any]:
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(SIZE[0], height), layout="constrained")
        axes = figure.add_subplot()
    axes.set_xlabel(across, color=FAINT)
    axes.grid(color=GRID, linewidth=0.5)
    axes.tick_params(colors=FAINT, which="both")
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    return figure, axes


def _mark(axes: Any, label: str, place: float) -> None:
    """A named vertical line."""
    axes.axvline(place, color=SECOND, linestyle="--", linewidth=1.2)
    right = place > sum(axes.get_xlim()) / 2
    axes.annotate(
        label,
        (place, 0.97),
        xycoords=axes.get_xaxis_transform(),
        xytext=(-4 if right else 4, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        color=SECOND,
        fontsize=8,
    )
