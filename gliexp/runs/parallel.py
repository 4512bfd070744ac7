"""Parallel coordinates: a line through the values of each run, from key to key down to the figure.

The axes lie one below the other, so that a narrow window shows as many as a wide one and their names stay readable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from gliexp.runs.importance import as_number
from gliexp.runs.picture import BACK, FAINT, GRID, INK, SETTINGS, SIZE, STYLES, Picture

SHOWN = 5  # values that are named on an axis at most
LETTERS = 52  # characters that fit side by side
RATIO = 30  # numbers further apart than this lie on a logarithmic axis
APART = 1 / (SHOWN + 1)  # least distance of two named values
ABSENT = "not given"


@dataclass(frozen=True)
class Axis:
    """A key or figure: where each run lies, in 0..1, and the named places. `name` says more where that is needed."""

    name: str
    places: tuple[float, ...]
    named: tuple[tuple[float, str], ...]

    @classmethod
    def of_key(cls, name: str, values: Sequence[str | None]) -> Axis:
        """Of values as written; None is a run that was not given the key. Numbers lie as far apart as they are."""
        numbers = [as_number(value) for value in values if value is not None]
        sizes = [number for number in numbers if number is not None]
        if len(sizes) < len(numbers) or len(set(sizes)) < 2:
            return cls._of_words(name, [ABSENT if value is None else value for value in values])
        found = cls.of_numbers(name, [as_number(value) for value in values])
        texts: dict[float, str] = {}
        for place, value in zip(found.places, values, strict=True):
            texts.setdefault(place, ABSENT if value is None else value)
        return cls(found.name, found.places, _spaced(sorted(texts.items())))

    @classmethod
    def of_numbers(cls, name: str, values: Sequence[float | None], *, turned: bool = False) -> Axis:
        """Of numbers; None lies at the left end. With `turned`, small ones lie on the right."""
        sizes = [value for value in values if value is not None]
        low, high, left = min(sizes), max(sizes), APART if None in values else 0.0
        logarithmic = low > 0 and high / low >= RATIO

        def place(value: float) -> float:
            if low == high:
                return 0.5
            share = math.log(value / low) / math.log(high / low) if logarithmic else (value - low) / (high - low)
            return left + (1 - left) * (1 - share if turned else share)

        places = tuple(0.0 if value is None else place(value) for value in values)
        named = {place(value): f"{value:.4g}" for value in (low, high)}
        if None in values:
            named[0.0] = ABSENT
        return cls(f"{name} (logarithmic)" if logarithmic else name, places, tuple(sorted(named.items())))

    @classmethod
    def _of_words(cls, name: str, values: Sequence[str]) -> Axis:
        words = sorted(set(values))
        steps = max(1, len(words) - 1)
        at = {word: number / steps if len(words) > 1 else 0.5 for number, word in enumerate(words)}
        return cls(name, tuple(at[value] for value in values), _spaced([(at[word], word) for word in words]))


def parallel(name: str, title: str, axes: Sequence[Axis], best: Sequence[tuple[int, str]]) -> Picture:
    """All runs on all axes; `best` are the places of those that are drawn strongly, with their names."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(SIZE[0], 0.55 * len(axes) + 0.5), layout="constrained")
        frame = figure.add_subplot()
    frame.set_xlim(-0.03, 1.03)
    frame.set_ylim(len(axes) - 0.55, -0.4)
    frame.axis("off")
    heights = range(len(axes))
    strong = {number for number, _ in best}
    for number in range(len(axes[0].places)):
        if number not in strong:
            frame.plot([axis.places[number] for axis in axes], heights, color=GRID, linewidth=0.7)
    for (number, label), (dash, marker, colour) in reversed(list(zip(best, STYLES, strict=False))):
        track = [axis.places[number] for axis in axes]
        frame.plot(track, heights, dash, marker=marker, markersize=4, color=colour, linewidth=1.6, label=label)
    paper = {"facecolor": BACK, "edgecolor": "none", "pad": 0.8}
    for height, axis in enumerate(axes):
        frame.plot([0, 1], [height, height], color=FAINT, linewidth=0.8, zorder=1)
        frame.text(0, height - 0.17, axis.name, ha="left", va="bottom", color=INK, fontsize=8, bbox=paper, zorder=4)
        for place, text in axis.named:
            side = "left" if place < 0.1 else "right" if place > 0.9 else "center"
            frame.text(place, height + 0.13, text, ha=side, va="top", color=FAINT, fontsize=7, bbox=paper, zorder=4)
    if best:
        handles, labels = frame.get_legend_handles_labels()
        figure.legend(
            handles[::-1],
            labels[::-1],
            loc="outside upper center",
            ncols=min(2, len(best)),
            frameon=False,
            labelcolor=FAINT,
            handlelength=3,
        )
    return Picture(name, title, figure)


def _spaced(named: Sequence[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
    """The first, the last, and of those between what has room; texts are cut to what is left for each."""
    kept: list[tuple[float, str]] = []
    for place, text in named[:-1]:
        if not kept or (place - kept[-1][0] >= APART and named[-1][0] - place >= APART):
            kept.append((place, text))
    kept += named[-1:]
    longest = max(4, LETTERS // len(kept) - 1)
    return tuple((place, text if len(text) <= longest else f"{text[: longest - 1]}…") for place, text in kept)
