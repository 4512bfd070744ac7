"""report.html: one self-contained page of a run, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.runs.page import render
from gliexp.runs.pictures import of_run
from gliexp.runs.signature import leaves
from gliexp.runs.start import START, gains
from gliexp.training.metrics.thresholds import Point

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
    curve: Sequence[Point],
    example: Callable[[Mapping[str, Any], Any], list[dict[str, str]]],
) -> Path:
    """Write report.html and plots/ into the run directory from what the run already has on disk and in hand.

    `curve` has the scores at each threshold on the last split that was scored. `example` cuts a row and
    what was predicted for it into parts with text, label and kind.
    """
    pictures = list(of_run(directory / "metrics.jsonl", metrics, curve, composed.config, splits))
    plots = directory / "plots"
    plots.mkdir(exist_ok=True)
    for picture in pictures:
        picture.write_png(plots)
    chain = composed.report.chain
    examples = [
        example(row, found) for row, found in zip((splits.test or splits.dev)[:EXAMPLES], predictions, strict=False)
    ]
    page = render(
        "report.html.jinja",
        title=f"{record['task']} · {record['name']}",
        record=record,
        cards=_cards(metrics, record),
        pictures=pictures,
        gains=_gains(metrics),
        tables=_tables(metrics),
        examples=examples,
        hues=_hues(part["label"] for parts in examples for part in parts),
        config=[
            {"key": key, "value": value, "source": chain[key][-1].where if key in chain else "default"}
            for key, value in leaves(composed.tree).items()
        ],
    )
    path = directory / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def _hues(labels: Iterable[str]) -> dict[str, int]:
    """A hue in degrees for each label: steps of the golden angle stay far apart however many there are."""
    return {label: round(number * 137.508) % 360 for number, label in enumerate(sorted(set(labels) - {""}))}


def _cards(metrics: Mapping[str, Any], record: Mapping[str, Any]) -> list[dict[str, str]]:
    cards = [
        {"title": f"{'dev' if split == 'eval' else split} {title}", "value": f"{figures[key]:.3f}"}
        for split, figures in metrics.items()
        if split != START
        for key, title in CARDS
        if key in figures
    ]
    parameters = record["parameters"]
    return [*cards, {"title": "trainable parameters", "value": f"{parameters['trainable']:,}"}]


def _gains(metrics: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was measured before the first step, beside the same at the end."""
    return [
        {"title": title, "before": f"{before:.3f}", "after": f"{after:.3f}"}
        for title, before, after in gains(metrics, dict(CARDS))
    ]


def _tables(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    tables = []
    for split, figures in metrics.items():
        if split == START:
            continue
        name = "dev" if split == "eval" else split
        for key, title in (("ner_per_label", "entities"), ("rel_per_label", "relations"), ("cls_per_label", "labels")):
            if figures.get(key):
                rows = [{"label": label, **values} for label, values in sorted(figures[key].items())]
                tables.append({"title": f"{title}, {name}", "rows": rows})
    return tables[::-1]
