"""How a training step grows with the words of a row, the labels of its prompt and the rows of a batch.

    python scripts/benchmark_growth.py [--cases span,token] [--repeats 3] [--json FILE] [--figure FILE.png]

Forward, backward and an optimizer step of the same weights, by the library's code and by the cheaper ways, by turns in
one process; rows are joined from the embedded sample, so that each is of exactly the length that is asked for. One of
the three is varied, the others stay at 50 words, 10 labels and 8 rows. Medians, in seconds of the processor.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from bench import record, texts
from benchmark_model import LOSS
from rich.console import Console
from rich.table import Table

from gliexp.config.compose import compose
from gliexp.models import anatomy, gliner
from gliexp.models.fast.ways import Ways, take
from gliexp.runs import base
from gliexp.training.class_collator import targets

CASES = {
    "span": ["task=ner", "span_mode=marker_v0"],
    "token": ["task=ner", "span_mode=token_level"],
    "biencoder": ["task=biencoder", "span_mode=marker_v0"],
    "class-uni": ["task=classification"],
    "class-bi": ["task=classification", "model.architecture_type=bi-encoder"],
}
USUAL = {"words": 50, "labels": 10, "rows": 8}
AXES = {"words": (25, 50, 100, 200, 300), "labels": (2, 5, 10, 25, 50, 100), "rows": (1, 2, 4, 8, 16, 32)}
LIBRARY, HERE = "library", "here"


@dataclass(frozen=True)
class Point:
    """What a step took: one case and side, one of the AXES at one value."""

    case: str
    axis: str
    value: int
    side: str
    seconds: float


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES), help="names with commas between: " + ", ".join(CASES))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--backbone", default="minilm")
    parser.add_argument("--most", type=int, default=1 << 30, help="leave out values of any axis above this")
    record.add_option(parser)
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args(words)
    torch.set_num_threads(given.threads)
    console = Console()
    found: list[Point] = []
    for case in given.cases.split(","):
        sides = _sides(case, given.backbone)
        for axis, values in AXES.items():
            for value in (value for value in values if value <= given.most):
                points = measured(case, sides, axis, value, given.repeats)
                found += points
                console.print(f"{case}, {value} {axis}: " + ", ".join(f"{p.side} {p.seconds:.3f} s" for p in points))
    console.print(table(found))
    record.write(given.json, {"points": [asdict(point) for point in found]})
    if given.figure:
        draw(found, given.figure)


class Stepped:
    """A model of one side with its optimizer."""

    def __init__(self, core: torch.nn.Module, *, fused: bool) -> None:
        self.core = core
        self.optimizer = torch.optim.AdamW(core.parameters(), lr=1e-6, fused=fused, foreach=False)

    def step(self, batch: dict[str, Any]) -> float:
        """One optimizer step; seconds of the processor."""
        began = time.process_time()
        self.core(**batch).loss.backward()
        self.optimizer.step()
        self.core.zero_grad()
        return time.process_time() - began


def _sides(case: str, backbone: str) -> tuple[Any, dict[str, Stepped]]:
    """The built model, which makes batches, and both sides on equal weights."""
    config = compose([*CASES[case], f"backbone={backbone}"], environment=False).config
    model = base.of(config).build(False)
    stock = anatomy.of(model).core.train()
    fast = copy.deepcopy(stock)
    take(fast, Ways())
    return model, {LIBRARY: Stepped(stock, fused=False), HERE: Stepped(fast, fused=True)}


def measured(case: str, given: tuple[Any, dict[str, Stepped]], axis: str, value: int, repeats: int) -> list[Point]:
    """Both sides at one value, by turns; the first turn is a warm-up."""
    model, sides = given
    sizes = {**USUAL, axis: value}
    batch = batch_of(model, **sizes)
    turns = [{name: side.step(batch) for name, side in sides.items()} for _ in range(repeats + 1)]
    return [Point(case, axis, value, name, median(turn[name] for turn in turns[1:])) for name in sides]


def batch_of(model: Any, *, words: int, labels: int, rows: int) -> dict[str, Any]:
    """A batch of `rows` rows of `words` words, all asked about the same `labels` labels."""
    offered = texts.labels(labels)
    if hasattr(model, "data_processor"):
        made = texts.entity_rows(rows, words, offered)
        return {**gliner.training_collator(model)(made, [offered] * rows, [[]] * rows), **LOSS}
    settings = model.model.config
    read = [{**row, "true": dict.fromkeys(row["true_labels"], 1.0)} for row in texts.class_rows(rows, words, offered)]
    asked = [offered] * rows
    given = model.inputs(512).batch(read, asked)
    return {**given, "labels": targets(read, asked, settings.problem_type, settings.ignore_index)}


def exponent(points: Sequence[Point]) -> float:
    """The slope between the last two points on a log-log scale: 1 is in proportion, 2 is with the square."""
    before, last = points[-2:]
    return math.log(last.seconds / before.seconds) / math.log(last.value / before.value)


def table(found: Sequence[Point]) -> Table:
    """A line for each case, axis and side: seconds at each value, and the exponent at the end."""
    shown = Table(title="a training step, seconds of the processor", title_justify="left")
    for column in ("case", "grows with", "side", "seconds", "exponent at the end"):
        shown.add_column(column)
    for case, axis, side in dict.fromkeys((point.case, point.axis, point.side) for point in found):
        line = [point for point in found if (point.case, point.axis, point.side) == (case, axis, side)]
        seconds = ", ".join(f"{point.value}: {point.seconds:.3f}" for point in line)
        shown.add_row(case, axis, side, seconds, f"{exponent(line):.2f}" if len(line) > 1 else "")
    return shown


def draw(found: Sequence[Point], path: Path) -> None:
    """One panel for each axis, both scales logarithmic; the library's lines are dashed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    figure, panels = pyplot.subplots(1, len(AXES), figsize=(12, 4.2), sharey=True)
    cases = list(dict.fromkeys(point.case for point in found))
    for panel, axis in zip(panels, AXES, strict=True):
        for number, case in enumerate(cases):
            for side, style in ((LIBRARY, "--"), (HERE, "-")):
                line = [point for point in found if (point.case, point.axis, point.side) == (case, axis, side)]
                where = [point.value for point in line]
                panel.plot(where, [point.seconds for point in line], style, color=f"C{number}", marker="o", ms=3)
        panel.set(xscale="log", yscale="log", xlabel=_axis_title(axis))
        panel.set_xticks(AXES[axis], labels=[str(value) for value in AXES[axis]])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("a training step, processor seconds")
    keys = [Line2D([], [], color=f"C{number}", label=case) for number, case in enumerate(cases)]
    keys += [Line2D([], [], color="grey", ls=style, label=side) for side, style in ((LIBRARY, "--"), (HERE, "-"))]
    figure.legend(handles=keys, loc="upper center", ncol=len(keys), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    figure.savefig(path, dpi=110)


def _axis_title(axis: str) -> str:
    fixed = ", ".join(f"{value} {name}" for name, value in USUAL.items() if name != axis)
    return f"{axis} ({fixed})"


if __name__ == "__main__":
    main()
