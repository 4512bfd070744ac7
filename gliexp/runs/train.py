"""One run from a checked config to a saved, scored and verified model."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock, Timeout
from omegaconf import OmegaConf
from rich.console import Console

from gliexp.config.compose import Composed
from gliexp.data.splits import load
from gliexp.errors import GliexpError, Interrupted, Problem, Refusal, RunFailed
from gliexp.runs.directory import signature_of
from gliexp.runs.outcome import Outcome
from gliexp.runs.record import RunRecord, machine, write_json

logger = logging.getLogger("gliexp")

OURS = ("run.json", "metrics.json", "metrics.jsonl", "report.html", "checkpoints", "model", "adapter", "plots")
"""What a run writes, and a fresh run in the same directory replaces."""


def train(composed: Composed, directory: Path, console: Console | None = None) -> Outcome:
    """Train, evaluate, save and verify in `directory`.

    Raises RunFailed when a step or the verification fails, Interrupted when a signal ended the run after a checkpoint,
    Refusal for data or models that cannot be used. run.json tells the same in every case.
    """
    console = console or Console(soft_wrap=True)
    directory.mkdir(parents=True, exist_ok=True)
    with _only_run_in(directory), _log_file(directory / "train.log"):
        if not composed.config.training.resume_from_checkpoint:
            _clear(directory)
        config = composed.config
        record = RunRecord(
            directory / "run.json",
            task=config.run.task,
            name=composed.name,
            signature=signature_of(composed),
            overrides=composed.overrides,
        )
        record.update(tags=list(config.run.tags), notes=config.run.notes)
        (directory / "config.resolved.yaml").write_text(OmegaConf.to_yaml(composed.tree), encoding="utf-8")
        try:
            outcome = _train(composed, directory, record, console)
        except Interrupted as error:
            record.end("interrupted", str(error))
            raise
        except GliexpError as error:
            record.end("failed", str(error))
            raise
        except KeyboardInterrupt:
            record.end("interrupted", "ended by the user before a checkpoint was due")
            raise
        except Exception as error:
            logger.exception("the run failed")
            record.end("failed", f"{type(error).__name__}: {error}")
            raise RunFailed(f"{type(error).__name__}: {error} (traceback in {directory / 'train.log'})") from error
        return outcome


def _train(composed: Composed, directory: Path, record: RunRecord, console: Console) -> Outcome:
    # Seconds of imports (torch, transformers, gliner): only once the config is known to be good.
    from gliexp.runs import finish, report
    from gliexp.runs.families import family
    from gliexp.training.callbacks import EndOnSignal, MetricsLog, ProgressBar

    config = composed.config
    stages, ending = family(config.run.task).stages, family(config.run.task).ending
    splits = load(config.data, config.run.task, seed=config.run.seed)
    record.update(data=[asdict(source) for source in splits.sources])
    quiet_libraries()
    built = stages.build_model(composed)
    record.update(parameters=built.parameters, adapter_modules=built.adapter_modules)
    shown = stages.shown(composed, built, splits)
    splits = shown.splits
    record.update(dropped=shown.dropped, chunks=shown.chunks)
    for notice in [*splits.notices, *built.notices, *shown.notices]:
        console.print(notice, style="yellow", highlight=False)

    with EndOnSignal() as signals:
        trainer = stages.make_trainer(composed, built, shown, directory / "checkpoints", [signals])
        metric = str(trainer.args.metric_for_best_model).removeprefix("eval_")
        for callback in (MetricsLog(directory / "metrics.jsonl"), ProgressBar(console, metric)):
            trainer.add_callback(callback)
        record.update(**machine(str(trainer.args.device)), world_size=trainer.args.world_size)
        finish.announce(console, composed, built, trainer, splits)
        trainer.train(resume_from_checkpoint=config.training.resume_from_checkpoint or None)
        if signals.received is not None:
            step = trainer.state.global_step
            raise Interrupted(
                f"interrupted at step {step}; a checkpoint of that step is in {directory / 'checkpoints'}",
                signals.received,
            )

    metrics, predictions = ending.score(trainer, splits)
    write_json(directory / "metrics.json", metrics)
    difference = ending.save_and_verify(composed, built, trainer, splits, directory)
    record.update(best_step=trainer.state.best_global_step, reload_difference=difference, metrics=metrics)
    record.end("done")
    report.write(directory, composed, record.document, metrics, splits, predictions, ending.example)
    outcome = Outcome(directory, metrics, built.parameters, record.document["seconds"], built.notices)
    finish.summarise(console, composed, outcome, difference)
    return outcome


@contextmanager
def _only_run_in(directory: Path) -> Iterator[None]:
    """Hold the run directory; the lock is the operating system's, so a killed run does not keep it."""
    lock = FileLock(directory / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Refusal([Problem(str(directory), "another run is writing to this directory")]) from error
    try:
        yield
    finally:
        lock.release()


def _clear(directory: Path) -> None:
    for name in OURS:
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _log_file(path: Path) -> Iterator[None]:
    """Everything logged at INFO or above goes to train.log while the run lasts."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(handler)
    if root.level > logging.INFO:
        root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def quiet_libraries() -> None:
    """Route the libraries' warnings into the log and their progress bars nowhere: the terminal is the run's."""
    import warnings

    import transformers

    logging.captureWarnings(True)
    warnings.simplefilter("default")
    transformers.logging.disable_progress_bar()
    transformers.logging.set_verbosity_error()
