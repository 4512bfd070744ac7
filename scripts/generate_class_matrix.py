"""Writes docs/classification_matrix.md: which GLiClass architecture trains with which scorer, pooling and problem type.

    python scripts/generate_class_matrix.py

It says what the config's checks and inert rules say; tests/models/test_class_matrix.py trains the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from gliexp.config import classifier_checks
from gliexp.config.inert import find
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.config.schema.classifier import ARCHITECTURES, POOLINGS, PROBLEMS, SCORERS

TARGET = Path(__file__).resolve().parent.parent / "docs" / "classification_matrix.md"
ALL_PROBLEMS = (*PROBLEMS, None)
HEAD = """\
# GLiClass: what trains with what

From scripts/generate_class_matrix.py. Every cell marked `trains` is trained a few steps for each problem type
(single_label_classification, multi_label_classification, regression, null), saved, reloaded and asked again by
tests/models/test_class_matrix.py. `no effect` means that the architecture ignores the choice: the cell trains as with
the default, and a note says so. A refused cell is refused while the config is checked, for the reason below the table.
"""


@dataclass(frozen=True)
class Cell:
    """One combination; `refused` is the reason or empty, `ignored` names keys without effect."""

    architecture: str
    scorer: str
    pooling: str
    problem: str | None
    refused: str
    ignored: tuple[str, ...]


def config_of(architecture: str, scorer: str, pooling: str, problem: str | None) -> Config:
    """A classification config of a cell, on an encoder of unknown kind."""
    config = Config()
    config.run.task = "classification"
    model = config.model
    model.architecture_type, model.scorer_type, model.pooling_strategy = architecture, scorer, pooling
    model.problem_type, model.encoder_model, model.label_model_name = problem, "some/encoder", "some/labels"
    return config


def cells() -> Iterator[Cell]:
    """Every combination, in the order of the schema."""
    for names in product(ARCHITECTURES, SCORERS, POOLINGS, ALL_PROBLEMS):
        config = config_of(*names)
        problems = [str(problem.message) for problem in classifier_checks.problems(config, Report())]
        dead = {item.key for item in find(config)}
        ignored = tuple(key for key in ("model.scorer_type", "model.pooling_strategy") if key in dead)
        yield Cell(*names, "; ".join(problems), ignored)


def render() -> str:
    """The document: a table for each architecture, then the reasons."""
    found = {(cell.architecture, cell.scorer, cell.pooling): cell for cell in cells()}
    reasons: list[str] = []
    lines = [HEAD]
    for architecture in ARCHITECTURES:
        lines += [f"## {architecture}\n", f"| scorer | {' | '.join(POOLINGS)} |", "|---" * (len(POOLINGS) + 1) + "|"]
        for scorer in SCORERS:
            row = [found[architecture, scorer, pooling] for pooling in POOLINGS]
            lines.append(f"| {scorer} | " + " | ".join(_mark(cell, reasons) for cell in row) + " |")
        lines.append("")
    lines += ["## Reasons\n", *(f"{number}. {reason}" for number, reason in enumerate(reasons, start=1))]
    return "\n".join(lines) + "\n"


def _mark(cell: Cell, reasons: list[str]) -> str:
    if cell.refused:
        if cell.refused not in reasons:
            reasons.append(cell.refused)
        return f"refused ({reasons.index(cell.refused) + 1})"
    return "trains" if is_distinct(cell) else "no effect"


def is_distinct(cell: Cell) -> bool:
    """Whether a choice that has no effect has its default here: that cell stands for all others of the choice."""
    usual = {"model.scorer_type": cell.scorer == "simple", "model.pooling_strategy": cell.pooling == "first"}
    return all(usual[key] for key in cell.ignored)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
