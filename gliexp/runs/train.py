"""One run from a checked config to a saved, scored and verified model."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from omegaconf import OmegaConf
from rich.console import Console

from gliexp.config import secrets
from gliexp.config.compose import Composed
from gliexp.errors import GliexpError, Interrupted, Pruned, RunFailed
from gliexp.runs.advice import Advice
from gliexp.runs.beside import beside
from gliexp.runs.directory import setting_of, signature_of
from gliexp.runs.imports import uncollected
from gliexp.runs.lock import only_run_in
from gliexp.runs.log_file import log_file
from gliexp.runs.outcome import Outcome
from gliexp.runs.place import prepare
from gliexp.runs.record import RunRecord, write_json
from gliexp.runs.resume import Beginning, beginning, finished, last_checkpoint
from gliexp.runs.together import Together
from gliexp.training.requests import Requests, Stopped

logger = logging.getLogger("gliexp")

OURS = (
    "run.json",
    "metrics.json",
    "metrics.jsonl",
    "report.html",
    "checkpoints",
    "model",
    "adapter",
    "plots",
    "bad_steps",
    "README.md",
    "wandb",
    "wandb_run.json",
    "mlflow_run.json",
    "trackio_run.json",
    "tensorboard",
    ".uploads",
)
"""What a run writes, and a fresh run in the same directory replaces."""


def train(
    composed: Composed, directory: Path, console: Console | None = None, *, advice: Advice | None = None
) -> Outcome:
    """Train, evaluate, save and verify in `directory`; `advice` may end it at an evaluation.

    Raises RunFailed when a step or the verification fails, Interrupted when a signal ended the run after a checkpoint,
    Pruned when `advice` did, Refusal for data or models that cannot be used. run.json tells the same in every case.
    """
    together = Together.by_environment()
    if not together.is_main:
        return beside(composed, directory, together, advice=advice)
    console = console or Console(soft_wrap=True)
    places = [prepare(directory, directory)]
    apart = composed.config.training.output_dir
    if apart is not None:
        places.append(prepare(Path(apart), Path(apart), "training.output_dir"))
    with only_run_in(*places), log_file(directory / "train.log"):
        begun = beginning(composed, directory)
        together.meet(composed.config)
        together.tell(begun)
        for notice in begun.notices:
            console.print(notice, style="yellow", highlight=False)
        if begun.finished:
            from gliexp.runs.reporting import catch_up

            catch_up(composed, directory, console)
            return finished(directory)
        if not begun.inside:
            _clear(directory)
        config = composed.config
        record = RunRecord(
            directory / "run.json",
            task=config.run.task,
            name=composed.name,
            signature=signature_of(composed),
            overrides=composed.overrides,
        )
        record.update(
            tags=list(config.run.tags),
            notes=config.run.notes,
            license=config.data.license,
            setting=setting_of(composed),
        )
        resolved = secrets.scrub_file(OmegaConf.to_yaml(composed.tree))
        (directory / "config.resolved.yaml").write_text(resolved, encoding="utf-8")
        requests = Requests(directory)
        try:
            with requests:
                outcome = _train(composed, directory, record, console, begun, requests, advice)
        except Interrupted as error:
            record.end("interrupted", str(error))
            raise
        except Pruned as error:
            record.end("pruned", str(error))
            raise
        except Stopped as error:
            if record.document["status"] != "done":  # after that only reports are broken off
                record.end("interrupted", str(error))
            raise Interrupted(str(error), requests.stop or 0) from error
        except GliexpError as error:
            record.end("failed", str(error))
            raise
        except KeyboardInterrupt:
            record.end("interrupted", "ended by the user before a checkpoint was due")
            raise
        except OSError as error:
            logger.exception("the run failed")
            record.end("failed", str(error))
            raise RunFailed(f"{error}; {last_checkpoint(composed, directory)}") from error
        except Exception as error:
            logger.exception("the run failed")
            record.end("failed", f"{type(error).__name__}: {error}")
            raise RunFailed(f"{type(error).__name__}: {error} (traceback in {directory / 'train.log'})") from error
        together.part()
        return outcome


def _train(
    composed: Composed,
    directory: Path,
    record: RunRecord,
    console: Console,
    begun: Beginning,
    requests: Requests,
    advice: Advice | None,
) -> Outcome:
    config = composed.config
    with uncollected():  # seconds (torch, transformers, gliner): only once the config is known to be good
        from gliexp.runs import finish
        from gliexp.runs.families import family
        from gliexp.runs.prepared import prepared
        from gliexp.runs.reporting import Reporting, wrong
        from gliexp.runs.start import at_start

        family(config.run.task)
    reporting = Reporting(composed, directory, record, resumed=begun.inside)
    ready = prepared(composed, directory, record, console, requests, advice)
    ending, built, splits, trainer = ready.ending, ready.built, ready.splits, ready.trainer
    kept, hopeless = ready.kept, ready.hopeless
    finish.announce(console, composed, built, trainer, splits)
    with reporting:
        for callback in reporting.begin():
            trainer.add_callback(callback)
        try:
            trainer.train(None if begun.checkpoint is None else str(begun.checkpoint))
        finally:
            record.try_update(bad_steps=trainer.counts())
        if trainer.skipped_steps:
            left_out = f"{len(trainer.skipped_steps)} steps were not finite and left out: see bad_steps in run.json"
            console.print(left_out, style="yellow", highlight=False)
        if hopeless is not None and hopeless.ended_at is not None:
            raise Pruned(f"ended at step {hopeless.ended_at}: hopeless beside the other trials")

        metrics, predictions, curve = ending.score(trainer, splits)
        metrics |= at_start(trainer.state.log_history)
        if kept is not None:
            record.update(retention=kept.figures)
            console.print(kept.told(), highlight=False)
        write_json(directory / "metrics.json", metrics)
        difference = ending.save_and_verify(composed, built, trainer, splits, directory)
        record.update(best_step=trainer.state.best_global_step, reload_difference=difference, metrics=metrics)
        record.end("done")
        from gliexp.runs import report  # matplotlib, for which the first step need not wait

        report.write(directory, composed, record.document, metrics, splits, predictions, curve, ending.example)
        outcome = Outcome(directory, metrics, built.parameters, record.document["seconds"], built.notices)
        finish.summarise(console, composed, outcome, difference)
        told = zip(splits.test or splits.dev, predictions, strict=False) if config.tracking.log_errors else ()
        reporting.end(console, metrics, wrong([ending.example(row, found) for row, found in told]), requests)
        return outcome


def _clear(directory: Path) -> None:
    for name in OURS:
        path = directory / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
