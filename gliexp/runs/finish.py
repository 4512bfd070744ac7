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
from gliexp.training import optimizer
from gliexp.training.trainer import Trainer

SHOWN_TARGETS = 12
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


def save_and_verify(composed: Composed, built: Built, trainer: Trainer, splits: Splits, directory: Path) -> float:
    """Write adapter/ and model/, as peft.save says; return the greatest difference of a score after a reload.

    model/ is opened by the stock library, adapter/ by `adapters.load` on the base that it names.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    rows = trainer.evaluation.shown(splits.test or splits.dev or splits.train)[:VERIFIED_ROWS]
    types = (trainer.evaluation.entity_labels, trainer.evaluation.relation_labels or None)
    wanted = "merged" if built.adapted is None else composed.config.peft.save
    difference = 0.0
    if built.adapted is not None and wanted != "merged":
        place = adapters.save(built.adapted, directory / "adapter")
        again = adapters.load(place, trust_remote_code=composed.config.backbone.trust_remote_code).model
        difference = export.compare(model, again.to(model.device), place, rows, *types)
    adapters.merge(model)
    if wanted == "adapter":
        return difference
    gliner.save(model, directory / "model")
    return max(difference, export.verify(model, directory / "model", rows, *types))


def announce(console: Console, composed: Composed, built: Built, trainer: Trainer, splits: Splits) -> None:
    """What is about to be trained: data, parameters by part, adapters, parameter groups, memory of a step."""
    sizes = f"{len(splits.train)} train, {len(splits.dev)} dev, {len(splits.test)} test rows"
    labels = f"{len(splits.entity_labels)} entity labels"
    if splits.relation_labels and composed.config.run.task == "relex":
        labels += f", {len(splits.relation_labels)} relation labels"
    sizes_line = ", ".join(
        f"{part} {count['trainable']:,} of {count['total']:,}" for part, count in built.parameters["parts"].items()
    )
    total, trainable = built.parameters["total"], built.parameters["trainable"]
    console.print(f"{composed.config.run.task} on {composed.config.backbone.name}: {sizes}, {labels}", highlight=False)
    console.print(
        f"{total:,} parameters, {trainable:,} trainable ({trainable / total:.1%}): {sizes_line}", highlight=False
    )
    if built.adapted is not None:
        for line in where_adapted(built.adapted):
            console.print(line, highlight=False)
    console.print(optimizer.table(trainer.parameter_groups()))
    console.print(str(trainer.footprint()), highlight=False)


def where_adapted(adapted: adapters.Adapted) -> list[str]:
    """One line a part: what is done to it, and to which modules."""
    lines = []
    for part, mode in adapted.modes.items():
        targets = adapted.targets.get(part, {})
        number = sum(len(names) for names in targets.values())
        shown = ", ".join(targets) if len(targets) <= SHOWN_TARGETS else f"all-linear, from {next(iter(targets))}"
        what = f"{adapted.method} on {number} modules ({shown})" if targets else adapted.method
        lines.append(f"{part}: {what if mode == 'adapter' else mode}")
    return lines


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
        f"done in {outcome.seconds:.0f} s; what was saved reloads (greatest difference {difference:.1e})",
        highlight=False,
    )
    for name in ("model", "adapter"):
        if (outcome.directory / name).is_dir():
            console.print(f"{name:<7} {outcome.directory / name}", highlight=False, soft_wrap=True)
    console.print(f"report  {outcome.directory / 'report.html'}", highlight=False, soft_wrap=True)
