"""Coordinates of a line plot inside an SVG view box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 410, 12, 190
DOTTED = 40  # fewer points than this are dotted, so that single evaluations can be told apart


def curve(title: str, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Geometry of a curve through (step, value) points, with the values at the ends of both axes as text."""
    steps = [step for step, _ in points]
    values = [value for _, value in points]
    low, high = min(values), max(values)
    span_x, span_y = (max(steps) - min(steps)) or 1, (high - low) or 1
    placed = [
        (
            round(LEFT + (RIGHT - LEFT) * (step - min(steps)) / span_x, 1),
            round(BOTTOM - (BOTTOM - TOP) * (value - low) / span_y, 1),
        )
        for step, value in points
    ]
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "top": TOP,
        "bottom": BOTTOM,
        "low": f"{low:.3g}",
        "high": f"{high:.3g}",
        "first": f"{min(steps):g}",
        "last": f"{max(steps):g}",
        "points": " ".join(f"{x},{y}" for x, y in placed),
        "dots": placed if len(placed) < DOTTED else [],
    }
