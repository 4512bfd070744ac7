"""The end of a run: scores on dev and test, the saved model and the proof that it reloads, and what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.models import adapters, export, gliner
from gliexp.runs.outcome import Outcome
from gliexp.runs.stages import VERIFIED_ROWS, Built
from gliexp.training.trainer import Trainer

HEADLINES = (
    ("ner_micro_f1", "entities, micro F1"),
    ("ner_macro_f1", "entities, macro F1"),
    ("rel_strict_micro_f1", "relations, strict micro F1"),
    ("rel_relaxed_micro_f1", "relations, relaxed micro F1"),
)


def score(trainer: Trainer, splits: Splits) -> tuple[dict[str, Any], list[Any]]:
    """Metrics of the chosen model on dev ("eval") and test, and its predictions on the last of them."""
    metrics: dict[str, Any] = {}
    predictions: list[Any] = []
    model = trainer.accelerator.unwrap_model(trainer.model)
    for name, rows in (("eval", splits.dev), ("test", splits.test)):
        if rows:
            metrics[name], predictions = trainer.evaluation.score_predictions(model, rows)
    return metrics, predictions


def save_and_verify(composed: Composed, trainer: Trainer, splits: Splits, directory: Path) -> float:
    """Write adapter/ and model/; return the greatest difference of a score after a reload in the stock library."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    if composed.config.peft.enabled:
        adapters.save_adapter(model, directory / "adapter")
        adapters.merge(model)
    gliner.save(model, directory / "model")
    labels = trainer.evaluation
    rows = labels.shown(splits.test or splits.dev or splits.train)[:VERIFIED_ROWS]
    return export.verify(model, directory / "model", rows, labels.entity_labels, labels.relation_labels or None)


def announce(console: Console, composed: Composed, built: Built, splits: Splits) -> None:
    """What is about to be trained, in three lines."""
    sizes = f"{len(splits.train)} train, {len(splits.dev)} dev, {len(splits.test)} test rows"
    labels = f"{len(splits.entity_labels)} entity labels"
    if splits.relation_labels and composed.config.run.task == "relex":
        labels += f", {len(splits.relation_labels)} relation labels"
    total, trainable = built.parameters["total"], built.parameters["trainable"]
    console.print(f"{composed.config.run.task} on {composed.config.backbone.name}: {sizes}, {labels}", highlight=False)
    console.print(f"{total:,} parameters, {trainable:,} trainable ({trainable / total:.1%})", highlight=False)
    for part, modules in built.adapter_modules.items():
        names = modules if isinstance(modules, str) else ", ".join(modules)
        console.print(f"LoRA on {part}: {names}", highlight=False)


def summarise(console: Console, outcome: Outcome, difference: float) -> None:
    """The closing table: headline figures, one row a label, and where everything is."""
    for split, metrics in outcome.metrics.items():
        name = "dev" if split == "eval" else split
        table = Table(title=f"{name}: {metrics['examples']} rows", title_justify="left")
        for column in ("label", "precision", "recall", "F1", "support"):
            table.add_column(column, justify="left" if column == "label" else "right")
        if split == "test" or len(outcome.metrics) == 1:
            for label, figures in sorted(metrics["ner_per_label"].items()):
                table.add_row(
                    label,
                    *(f"{figures[part]:.3f}" for part in ("precision", "recall", "f1")),
                    str(figures["support"]),
                )
            table.add_section()
        for key, title in HEADLINES:
            if key in metrics:
                base = key.removesuffix("_f1")
                parts = [metrics.get(f"{base}_{part}") for part in ("precision", "recall", "f1")]
                table.add_row(title, *("" if part is None else f"{part:.3f}" for part in parts), "")
        console.print(table)
    console.print(
        f"done in {outcome.seconds:.0f} s; the saved model reloads in stock gliner "
        f"(greatest difference {difference:.1e})",
        highlight=False,
    )
    console.print(f"model   {outcome.directory / 'model'}", highlight=False, soft_wrap=True)
    console.print(f"report  {outcome.directory / 'report.html'}", highlight=False, soft_wrap=True)
