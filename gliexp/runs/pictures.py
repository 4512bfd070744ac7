"""Which pictures a run has: its curves, its labels, its thresholds, and its data beside what the model reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.data.rows import Rows
from gliexp.data.splits import Splits
from gliexp.runs.picture import Picture, bars, histogram, lines
from gliexp.training.metrics.thresholds import Point

LABELS = 40
RETAINED = "eval_retention_"
CURVES = (
    ("loss", "Training loss", {"loss": "loss"}),
    ("learning_rate", "Learning rate of the encoder", {"learning_rate": "rate"}),
    ("gradient_norm", "Gradient norm before clipping", {"grad_norm": "norm"}),
    (
        "dev_f1",
        "F1 on dev",
        {
            "eval_ner_micro_f1": "entities, micro",
            "eval_ner_macro_f1": "entities, macro",
            "eval_rel_strict_micro_f1": "relations, strict",
            "eval_cls_micro_f1": "classes, micro",
            "eval_cls_macro_f1": "classes, macro",
        },
    ),
    ("dev_error", "Errors on dev", {"eval_cls_mae": "mean absolute error", "eval_cls_rmse": "root mean square error"}),
)
PER_LABEL = (("ner_per_label", "entities"), ("rel_per_label", "relations"), ("cls_per_label", "labels"))


def of_run(
    log: Path, metrics: Mapping[str, Any], curve: Sequence[Point], config: Config, splits: Splits
) -> Iterator[Picture]:
    """All that there is something to show for; `curve` has the scores at each threshold on the last split scored."""
    yield from of_log(log)
    split = "test" if "test" in metrics else "eval"
    figures = metrics.get(split, {})
    yield from of_thresholds(curve, figures.get("threshold"), "test" if split == "test" else "dev")
    for key, title in PER_LABEL:
        rows = figures.get(key) or {}
        first = sorted(rows, key=lambda label: -rows[label]["support"])[:LABELS]
        if first:
            values = {label: rows[label]["f1"] for label in first}
            yield bars(f"{key}_f1", f"F1 of {title}, the most frequent first", values)
    yield from of_data(config, splits)


def of_log(log: Path) -> Iterator[Picture]:
    """Curves over the steps of training; what was logged once is no curve."""
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    retained = sorted({key for line in logged for key in line if key.startswith(RETAINED)})
    names = {key: re.sub(r"_(ner_micro_f1|cls_micro_f1|cls_mae)$", "", key.removeprefix(RETAINED)) for key in retained}
    scored = "Mean absolute error" if any(key.endswith("_cls_mae") for key in retained) else "Micro F1"
    for name, title, keys in (*CURVES, ("retention", f"{scored} on data that is not trained on", names)):
        series = {
            label: [(line["step"], line[key]) for line in logged if isinstance(line.get(key), (int, float))]
            for key, label in keys.items()
        }
        drawn = {label: points for label, points in series.items() if len(points) > 1}
        if drawn:
            yield lines(name, title, drawn, "step")


def of_thresholds(curve: Sequence[Point], chosen: float | None, split: str) -> Iterator[Picture]:
    """Scores over thresholds, with the one that counts, and precision over recall."""
    if not curve:
        return
    parts = ("f1", "precision", "recall")
    series = {part: [(point.threshold, getattr(point, part)) for point in curve] for part in parts}
    marks = {} if chosen is None else {f"threshold {chosen:g}": chosen}
    yield lines("thresholds", f"Scores over thresholds on {split}", series, "threshold", marks)
    points = sorted({(point.recall, point.precision) for point in curve if point.precision or point.recall})
    if len(points) > 1:
        yield lines(
            "precision_recall", f"Precision over recall on {split}", {"precision": points}, "recall", up="precision"
        )


def of_data(config: Config, splits: Splits) -> Iterator[Picture]:
    """Lengths of training rows and widths of their entities, beside what the model reads and finds."""
    rows = Rows.of(splits.train)
    if not rows:
        return
    if config.run.task in CLASSIFICATION_TASKS:
        yield histogram("lengths", "Characters of training rows", rows.lengths.tolist(), "characters", {})
        return
    limit = config.model.max_len
    title = f"Words of training rows; the model reads {limit}"
    yield histogram("lengths", title, rows.lengths.tolist(), "words", {f"max_len {limit}": limit})
    spans = rows.spans()
    widths = (spans.last - spans.first + 1).tolist()
    if widths:
        widest = None if config.model.span_mode == "token_level" else config.model.max_width
        said = "any width is found" if widest is None else f"the model finds {widest} at most"
        limits = {} if widest is None else {f"max_width {widest}": float(widest)}
        yield histogram("widths", f"Words of training entities; {said}", widths, "words", limits)
