"""What a run prints before and after its training."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.runs.built import Built
from gliexp.runs.families import family
from gliexp.runs.outcome import Outcome


def announce(console: Console, composed: Composed, built: Built, splits: Splits) -> None:
    """What is about to be trained, in three lines."""
    sizes = f"{len(splits.train)} train, {len(splits.dev)} dev, {len(splits.test)} test rows"
    labels = family(composed.config.run.task).ending.label_line(composed, splits)
    total, trainable = built.parameters["total"], built.parameters["trainable"]
    console.print(f"{composed.config.run.task} on {composed.config.backbone.name}: {sizes}, {labels}", highlight=False)
    console.print(f"{total:,} parameters, {trainable:,} trainable ({trainable / total:.1%})", highlight=False)
    for part, modules in built.adapter_modules.items():
        names = modules if isinstance(modules, str) else ", ".join(modules)
        console.print(f"LoRA on {part}: {names}", highlight=False)


def summarise(console: Console, composed: Composed, outcome: Outcome, difference: float) -> None:
    """The closing table: headline figures, one row a label, and where everything is."""
    kind = family(composed.config.run.task)
    for split, metrics in outcome.metrics.items():
        name = "dev" if split == "eval" else split
        table = Table(title=f"{name}: {metrics['examples']} rows", title_justify="left")
        for column in ("label", "precision", "recall", "F1", "support"):
            table.add_column(column, justify="left" if column == "label" else "right")
        if split == "test" or len(outcome.metrics) == 1:
            for label, figures in sorted(metrics.get(kind.ending.PER_LABEL, {}).items()):
                table.add_row(
                    label,
                    *(f"{figures[part]:.3f}" for part in ("precision", "recall", "f1")),
                    str(figures["support"]),
                )
            table.add_section()
        for key, title in kind.ending.HEADLINES:
            if key in metrics:
                base = key.removesuffix("_f1")
                parts = [metrics.get(f"{base}_{part}") for part in ("precision", "recall")] + [metrics[key]]
                table.add_row(title, *("" if part is None else f"{part:.3f}" for part in parts), "")
        console.print(table)
    console.print(
        f"done in {outcome.seconds:.0f} s; the saved model reloads in stock {kind.library} "
        f"(greatest difference {difference:.1e})",
        highlight=False,
    )
    console.print(f"model   {outcome.directory / 'model'}", highlight=False, soft_wrap=True)
    console.print(f"report  {outcome.directory / 'report.html'}", highlight=False, soft_wrap=True)
