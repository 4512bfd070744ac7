"""The table of ratios that a terminal shows."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from bench.case import OWN, STOCK
from bench.comparison import Comparison

F1 = ("ner_micro_f1", "rel_strict_micro_f1", "cls_micro_f1")


def of(found: Iterable[Comparison]) -> Table:
    """A line a case: stock → gliexp."""
    shown = Table(title="training, stock → gliexp (per second of the processor)", title_justify="left")
    for column in ("case", "examples/s", "tokens/s", "padding", "peak MB", "last loss", "dev F1", "ratio", "clock"):
        shown.add_column(column, justify="left" if column == "case" else "right")
    for one in found:
        aim = "" if one.aim is None else f" (aim {one.aim:g})"
        record = one.record()
        shown.add_row(
            one.case,
            f"{one.stock.examples:.2f} → {one.own.examples:.2f}",
            f"{one.stock.tokens:.0f} → {one.own.tokens:.0f}",
            f"{one.stock.padding:.0%} → {one.own.padding:.0%}",
            f"{one.stock.peak:.0f} → {one.own.peak:.0f}",
            f"{one.stock.loss:.4g} → {one.own.loss:.4g}",
            ", ".join(_scored(one, name) for name in F1 if name in one.scores.get(STOCK, [{}])[0]),
            f"{one.ratio:.2f} ± {one.noise:.2f}{aim}",
            f"{record['clock_ratio']:.2f}",
        )
    return shown


def _scored(one: Comparison, figure: str) -> str:
    """Mean and deviation over the seeds, of both sides."""
    told = ["{:.3f} ± {:.3f}".format(*one.mean_and_deviation(side, figure)) for side in (STOCK, OWN)]
    return " → ".join(told)
