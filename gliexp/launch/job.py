"""One member of a sweep run in this process, so that nothing of it is left for the next one."""

from __future__ import annotations

import gc
import logging
import os
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.callbacks import Callbacks
from hydra.core.utils import run_job
from hydra.types import HydraContext
from omegaconf import DictConfig, open_dict
from rich.console import Console

from gliexp.config import secrets
from gliexp.config.compose import Composed, compose_with
from gliexp.config.loader import Loader
from gliexp.config.routing import ENVIRONMENT, route
from gliexp.errors import GliexpError, Pruned
from gliexp.launch.member import FAILED, INTERRUPTED, Ended, Member
from gliexp.launch.start import run

if TYPE_CHECKING:
    from gliexp.runs.outcome import Outcome


def run_member(
    member: Member, loader: Loader, config_name: str, hydra_overrides: Sequence[str], console: Console | None = None
) -> Ended:
    """Train a member in its directory and say how it ended; raises nothing that is the member's own.

    `hydra_overrides` are those of the sweep that speak to Hydra.
    """
    with left_as_found():
        try:
            composed = compose_with(loader, [*hydra_overrides, *member.overrides], config_name)
            config = loader.ready
            with open_dict(config):
                config.hydra.job.num = member.number
                config.hydra.job.id = str(member.number)
                config.hydra.sweep.dir = str(member.directory.absolute().parent)
                config.hydra.sweep.subdir = member.directory.name
            outcome = _hydra_job(config, loader, lambda: _train(composed, member, console))
        except Pruned as error:
            return Ended(member, "pruned", str(error))
        except GliexpError as error:
            return ended_by(member, error)
        except KeyboardInterrupt:
            return Ended(member, INTERRUPTED, "ended by the user", 130)
        except Exception as error:  # noqa: BLE001 - one member's fault is not to end the sweep
            _keep_traceback(member.directory)
            return Ended(member, FAILED, secrets.scrub(f"{type(error).__name__}: {error}"), 1)
    return Ended(member, "done", metrics=outcome.metrics)


def ended_by(member: Member, error: GliexpError) -> Ended:
    """How a member ended that raised an error of gliexp's."""
    status = INTERRUPTED if error.exit_code >= 128 else FAILED
    return Ended(member, status, secrets.scrub(str(error)), error.exit_code)


def _keep_traceback(directory: Path) -> None:
    """For faults outside of the training itself, which keeps its own."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "train.log").open("a", encoding="utf-8") as log:
        log.write(secrets.scrub(traceback.format_exc()))


def set_environment(composed: Composed) -> None:
    """Variables that libraries read when they are imported: before the imports of the run."""
    os.environ.update({**route(composed.config).objects[ENVIRONMENT], **secrets.exported()})


def _train(composed: Composed, member: Member, console: Console | None) -> Outcome:
    set_environment(composed)
    return run(composed, member.directory.absolute(), console, trial=member.trial)


def _hydra_job(config: DictConfig, loader: Loader, task: Any) -> Any:
    """What Hydra does around a job: .hydra/ in its directory, HydraConfig, logging, callbacks."""
    context = HydraContext(config_loader=loader, callbacks=Callbacks(config))
    done = run_job(
        hydra_context=context,
        task_function=lambda _config: task(),
        config=config,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
    # return_value would print a line of its own before it raises.
    if isinstance(done._return_value, BaseException):
        raise done._return_value
    return done._return_value


@contextmanager
def left_as_found() -> Iterator[None]:
    """Put back what a run changes in its process: environment, logging, warnings, working directory; free its memory.

    Random states need no care: every run seeds them itself.
    """
    variables, directory = dict(os.environ), Path.cwd()
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with warnings.catch_warnings():
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(variables)
            os.chdir(directory)
            root.setLevel(level)
            root.handlers[:] = handlers
            gc.collect()
            # What is left is modules and what they keep: the next member's collections need not look at it again.
            gc.freeze()
