"""report.html: one self-contained page of a run, for people who would rather look than read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.runs.curve import curve
from gliexp.runs.signature import leaves

EXAMPLES = 20
CARDS = (
    ("ner_micro_f1", "micro F1"),
    ("ner_macro_f1", "macro F1"),
    ("rel_strict_micro_f1", "relations, strict F1"),
    ("rel_relaxed_micro_f1", "relations, relaxed F1"),
    ("cls_macro_f1", "macro F1"),
    ("cls_micro_f1", "micro F1"),
    ("cls_accuracy", "accuracy"),
    ("cls_mae", "mean absolute error"),
)


def write(
    directory: Path,
    composed: Composed,
    record: Mapping[str, Any],
    metrics: Mapping[str, Any],
    splits: Splits,
    predictions: Sequence[Any],
    example: Callable[[Mapping[str, Any], Any], list[dict[str, str]]],
) -> Path:
    """Write report.html into the run directory from what the run already has on disk and in hand.

    `example` cuts a row and what was predicted for it into parts with text, label and kind.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(default=True, default_for_string=True),
    )
    page = environment.get_template("report.html.jinja").render(
        title=f"{record['task']} · {record['name']}",
        record=record,
        cards=_cards(metrics, record),
        curves=_curves(directory / "metrics.jsonl"),
        tables=_tables(metrics),
        examples=[
            example(row, found) for row, found in zip((splits.test or splits.dev)[:EXAMPLES], predictions, strict=False)
        ],
        config=leaves(composed.tree),
    )
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _cards(metrics: Mapping[str, Any], record: Mapping[str, Any]) -> list[dict[str, str]]:
    cards = [
        {"title": f"{'dev' if split == 'eval' else split} {title}", "value": f"{figures[key]:.3f}"}
        for split, figures in metrics.items()
        for key, title in CARDS
        if key in figures
    ]
    parameters = record["parameters"]
    return [*cards, {"title": "trainable parameters", "value": f"{parameters['trainable']:,}"}]


def _curves(log: Path) -> list[dict[str, Any]]:
    if not log.exists():
        return []
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    wanted = {
        "loss": "training loss",
        "eval_ner_micro_f1": "dev entities, micro F1",
        "eval_rel_strict_micro_f1": "dev relations, strict micro F1",
        "eval_cls_macro_f1": "dev, macro F1",
        "eval_cls_mae": "dev, mean absolute error",
        "grad_norm": "gradient norm",
        "learning_rate": "learning rate (encoder)",
    }
    curves = []
    for key, title in wanted.items():
        points = [(line["step"], line[key]) for line in lines if isinstance(line.get(key), (int, float))]
        if len(points) > 1:
            curves.append(curve(title, points))
    return curves


def _tables(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables = []
    for split, figures in metrics.items():
        name = "dev" if split == "eval" else split
        for key, title in (("ner_per_label", "entities"), ("rel_per_label", "relations"), ("cls_per_label", "labels")):
            if figures.get(key):
                rows = [{"label": label, **values} for label, values in sorted(figures[key].items())]
                tables.append({"title": f"{title}, {name}", "rows": rows})
    return tables[::-1]
