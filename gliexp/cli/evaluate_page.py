"""What `evaluate` prints: a column a model, labels, confusion, kinds of mistakes with examples, differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gliexp.runs.evaluate import Evaluated, Results
from gliexp.training.metrics.mistakes import NOTHING

SCORES = (
    ("ner_micro_f1", "entities, micro F1"),
    ("ner_micro_precision", "  precision"),
    ("ner_micro_recall", "  recall"),
    ("ner_macro_f1", "entities, macro F1"),
    ("ner_weighted_f1", "entities, weighted F1"),
    ("ner_boundary_f1", "right borders, any label, F1"),
    ("ner_partial_f1", "overlap at half a point, F1"),
    ("ner_type_f1", "overlap and right label, F1"),
    ("rel_strict_micro_f1", "relations, strict micro F1"),
    ("rel_relaxed_micro_f1", "relations, relaxed micro F1"),
    ("rel_cluster_micro_f1", "relations by cluster, micro F1"),
    ("cls_micro_f1", "micro F1"),
    ("cls_macro_f1", "macro F1"),
    ("cls_weighted_f1", "weighted F1"),
    ("cls_accuracy", "accuracy"),
    ("cls_map", "mean average precision"),
    ("cls_ece", "calibration error"),
    ("cls_mae", "mean absolute error"),
    ("cls_correlation", "correlation"),
)
LABELS, CONFUSED, EXAMPLES = 40, 10, 2
SENTENCE = 160


def show(results: Results, directory: Path, console: Console | None = None) -> None:
    """Print it, and where the files are."""
    console = console or Console(soft_wrap=True)
    for name, notices in _notices(results):
        for notice in notices:
            console.print(f"{name}: {notice}", style="yellow", markup=False, highlight=False)
    console.print(_scores(results))
    if any(_per_label(model) for model in results.models):
        console.print(_labels(results))
    for model in results.models:
        for line in _mistakes(model, several=len(results.models) > 1):
            console.print(line, markup=False, highlight=False)
    for one in results.comparisons:
        apart = one.difference
        console.print(
            f"{one.second} against {one.first}, {one.score}: {apart.value:+.3f} "
            f"({apart.low:+.3f} to {apart.high:+.3f}, p {apart.p:.3f}; paired bootstrap over rows)",
            markup=False,
            highlight=False,
        )
    console.print(f"figures  {directory / 'metrics.json'}", highlight=False, soft_wrap=True)
    console.print(f"mistakes {directory / 'errors.jsonl'}", highlight=False, soft_wrap=True)


def _notices(results: Results) -> Iterator[tuple[str, list[str]]]:
    yield "data", results.splits.notices
    for model in results.models:
        yield model.source.name, model.notices


def _table(results: Results, first: str) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column(first, no_wrap=True)
    for model in results.models:
        table.add_column(escape(model.source.name), justify="right", overflow="fold")
    return table


def _scores(results: Results) -> Table:
    table = _table(results, f"{results.models[0].metrics['examples']} rows")
    for key, title in SCORES:
        values = [_score(model, key) for model in results.models]
        if any(values):
            table.add_row(title, *values)
    for title, cells in (
        ("threshold", [f"{model.usage.threshold:g}" for model in results.models]),
        ("examples a second", [f"{model.metrics['examples_per_second']:.1f}" for model in results.models]),
        ("ms for one at a time", [f"{model.milliseconds:.1f}" for model in results.models]),
    ):
        table.add_row(title, *cells)
    return table


def _score(model: Evaluated, key: str) -> str:
    value = model.metrics.get(key)
    if value is None:
        return ""
    between = model.intervals.get(key.replace("rel_strict_", "rel_", 1))
    return f"{value:.3f}" + (f" ({between[0]:.3f}-{between[1]:.3f})" if between else "")


def _per_label(model: Evaluated) -> dict[str, dict[str, Any]]:
    metrics = model.metrics
    found = {**metrics.get("ner_per_label", {}), **metrics.get("cls_per_label", {})}
    return found | {f"{label} (relation)": row for label, row in metrics.get("rel_per_label", {}).items()}


def _labels(results: Results) -> Table:
    """F1 of each label, the most frequent first; of a single model its precision and recall too."""
    rows = [_per_label(model) for model in results.models]
    support = Counter({label: row["support"] for of in rows for label, row in of.items()})
    single = len(rows) == 1
    table = Table(box=None, header_style="bold") if single else _table(results, "F1 of label")
    if single:
        for name in ("label", "precision", "recall", "F1"):
            table.add_column(name, justify="left" if name == "label" else "right")
    table.add_column("support", justify="right")
    parts = ("precision", "recall", "f1") if single else ("f1",)
    for label, count in sorted(support.items(), key=lambda item: (-item[1], item[0]))[:LABELS]:
        cells = [f"{of[label][part]:.3f}" if label in of else "" for of in rows for part in parts]
        table.add_row(escape(label), *cells, f"{count:,}")
    if len(support) > LABELS:
        table.add_row(f"… and {len(support) - LABELS} more")
    return table


def _mistakes(model: Evaluated, *, several: bool) -> Iterator[str]:
    """How many there are of each kind, the first ones, and which labels are taken for which."""
    kinds = Counter(mistake["kind"] for mistake in model.mistakes)
    yield f"mistakes{f' of {model.source.name}' if several else ''}: " + (
        ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) or "none"
    )
    if several:
        return
    for kind, _ in kinds.most_common():
        shown = [mistake for mistake in model.mistakes if mistake["kind"] == kind][:EXAMPLES]
        yield from (f"  {kind}: {_told(mistake)}" for mistake in shown)
    confused = [
        (pair, count) for pair, count in model.confusion.most_common() if pair[0] != pair[1] and NOTHING not in pair
    ]
    if confused:
        named = ", ".join(f"{gold} as {given} {count:,}" for (gold, given), count in confused[:CONFUSED])
        yield f"taken for another: {named}"


def _told(mistake: dict[str, Any]) -> str:
    sentence = mistake["sentence"]
    short = sentence if len(sentence) <= SENTENCE else f"{sentence[: SENTENCE - 1]}…"
    return f"{_side(mistake['gold'])} → {_side(mistake['predicted'])} [{mistake['row']}] {short}"


def _side(value: Any) -> str:
    if not value:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(value)
    if "head" in value:
        return f"{value['head']['text']} - {value['label']} - {value['tail']['text']}"
    return f"{value['text']} ({value['label']})"
