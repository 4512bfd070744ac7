"""Everything up to the first step: data read, model built, trainer made; the same on every process of a run."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console

from gliexp.config.compose import Composed
from gliexp.data.splits import Splits, load
from gliexp.runs.advice import Advice
from gliexp.runs.built import Built
from gliexp.runs.families import family
from gliexp.runs.place import need_room
from gliexp.runs.record import RunRecord, machine
from gliexp.runs.resume import identity
from gliexp.runs.shown import untuned
from gliexp.runs.start import retention
from gliexp.training.bad_step import StepRules
from gliexp.training.callbacks import EndWhenHopeless, MetricsLog, ProgressBar
from gliexp.training.requests import Requests

FLOAT32 = 4
"""Bytes of a number; models are built and saved in float32."""


@dataclass(frozen=True)
class Prepared:
    """A run ready to train: `ending` scores and saves it, `kept` scores data.retention, `hopeless` may end it."""

    ending: ModuleType
    built: Built
    splits: Splits
    trainer: Any
    kept: Any
    hopeless: EndWhenHopeless | None


def prepared(
    composed: Composed,
    directory: Path,
    record: RunRecord,
    console: Console,
    requests: Requests,
    advice: Advice | None,
) -> Prepared:
    """Read the data, build the model and its trainer; what is found is recorded. Raises Refusal."""
    config = composed.config
    stages, ending = family(config.run.task).stages, family(config.run.task).ending
    splits = load(config.data, config.run.task, seed=config.run.seed)
    record.update(data=[asdict(source) for source in splits.sources])
    quiet_libraries()
    built = stages.build_model(composed)
    need_room(directory, FLOAT32 * built.parameters["total"], saves=config.training.save_strategy != "no")
    record.update(parameters=built.parameters, adapter_modules=built.adapter_modules)
    shown = stages.shown(composed, built, splits)
    splits = shown.splits
    record.update(dropped=shown.dropped, chunks=shown.chunks)
    for notice in [*splits.notices, *built.notices, *shown.notices, *untuned(config.data, splits)]:
        console.print(notice, style="yellow", highlight=False)

    trainer = stages.make_trainer(composed, built, shown, directory / "checkpoints", [])
    trainer.requests, trainer.run = requests, identity(composed)
    metric = str(trainer.args.metric_for_best_model).removeprefix("eval_")
    bar = ProgressBar(console, metric, hidden=bool(config.training.disable_tqdm))
    for callback in (MetricsLog(directory / "metrics.jsonl"), bar):
        trainer.add_callback(callback)
    hopeless = EndWhenHopeless(advice.metric, advice.should_end) if advice is not None else None
    if hopeless is not None:
        trainer.add_callback(hopeless)
    record.update(**machine(str(trainer.args.device)), world_size=trainer.args.world_size)
    trainer.rules = StepRules(
        config.training.on_bad_step,
        config.training.zero_loss_steps,
        config.training.on_unreached,
        bundles=directory / "bad_steps",
        config=directory / "config.resolved.yaml",
    )
    kept = retention(config, trainer)
    if kept is not None:
        trainer.add_callback(kept)
    return Prepared(ending, built, splits, trainer, kept, hopeless)


def quiet_libraries() -> None:
    """Route the libraries' warnings into the log and their progress bars nowhere: the terminal is the run's."""
    import warnings

    import transformers

    logging.captureWarnings(True)
    warnings.simplefilter("default")
    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
