"""What a run prints before and after its training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits
from gliexp.runs.built import Built
from gliexp.runs.families import family
from gliexp.runs.outcome import Outcome
from gliexp.runs.start import START, gains
from gliexp.training import optimizer

if TYPE_CHECKING:
    from gliexp.models.adapters import Adapted
    from gliexp.training.strict import Strict

SHOWN_TARGETS = 12


def announce(console: Console, composed: Composed, built: Built, trainer: Strict, splits: Splits) -> None:
    """What is about to be trained: data, parameters by part, adapters, parameter groups, memory of a step."""
    sizes = f"{len(splits.train)} train, {len(splits.dev)} dev, {len(splits.test)} test rows"
    labels = family(composed.config.run.task).ending.label_line(composed, splits)
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
    else:
        for part, modules in built.adapter_modules.items():
            names = modules if isinstance(modules, str) else ", ".join(modules)
            console.print(f"{composed.config.peft.method} on {part}: {names}", highlight=False)
    console.print(optimizer.table(trainer.parameter_groups()))
    console.print(str(trainer.footprint()), highlight=False)


def where_adapted(adapted: Adapted) -> list[str]:
    """One line a part: what is done to it, and to which modules."""
    lines = []
    for part, mode in adapted.modes.items():
        targets = adapted.targets.get(part, {})
        number = sum(len(names) for names in targets.values())
        shown = ", ".join(targets) if len(targets) <= SHOWN_TARGETS else f"all-linear, from {next(iter(targets))}"
        what = f"{adapted.method} on {number} modules ({shown})" if targets else adapted.method
        lines.append(f"{part}: {what if mode == 'adapter' else mode}")
    return lines


def summarise(console: Console, composed: Composed, outcome: Outcome, difference: float) -> None:
    """The closing table: headline figures, one row a label, and where everything is."""
    kind = family(composed.config.run.task)
    splits = {split: metrics for split, metrics in outcome.metrics.items() if split != START}
    for split, metrics in splits.items():
        name = "dev" if split == "eval" else split
        table = Table(title=f"{name}: {metrics['examples']} rows", title_justify="left")
        for column in ("label", "precision", "recall", "F1", "support"):
            table.add_column(column, justify="left" if column == "label" else "right")
        if split == "test" or len(splits) == 1:
            for label, figures in sorted(metrics.get(kind.ending.PER_LABEL, {}).items()):
                table.add_row(
                    label,
                    *(f"{figures[part]:.3f}" for part in ("precision", "recall", "f1")),
                    str(figures["support"]),
                )
            table.add_section()
        for key, title in kind.ending.HEADLINES.items():
            if key in metrics:
                base = key.removesuffix("_f1")
                parts = [metrics.get(f"{base}_{part}") for part in ("precision", "recall")] + [metrics[key]]
                table.add_row(title, *("" if part is None else f"{part:.3f}" for part in parts), "")
        console.print(table)
    for title, before, after in gains(outcome.metrics, kind.ending.HEADLINES):
        console.print(f"dev, {title}: {before:.3f} before training, {after:.3f} now", highlight=False)
    console.print(
        f"done in {outcome.seconds:.0f} s; what was saved for {kind.library} reloads "
        f"(greatest difference {difference:.1e})",
        highlight=False,
    )
    for name in ("model", "adapter"):
        if (outcome.directory / name).is_dir():
            console.print(f"{name:<7} {outcome.directory / name}", highlight=False, soft_wrap=True)
    console.print(f"report  {outcome.directory / 'report.html'}", highlight=False, soft_wrap=True)
