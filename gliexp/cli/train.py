"""The train verb: a checked config handed to Hydra, which makes the run directory, or one per member of a sweep."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig

from gliexp.cli import completion
from gliexp.config import secrets
from gliexp.config.compose import Composed, compose_with
from gliexp.config.loader import CONFIG_NAME, Loader
from gliexp.config.report import COMMAND_LINE
from gliexp.errors import GliexpError, Problem, Refusal
from gliexp.launch import start
from gliexp.launch.job import set_environment


def run(words: Sequence[str]) -> int:
    """Do what Hydra's flags say: show, explain, sweep, or train one run."""
    parser = get_args_parser()
    given = parser.parse_intermixed_args(list(words))
    directories = _directories(given)
    loader = Loader(directories)
    name = given.config_name or CONFIG_NAME
    version.setbase("1.3")
    hydra = Hydra(task_name="gliexp", config_loader=loader)
    GlobalHydra.instance().initialize(hydra)
    try:
        return _act(hydra, loader, name, given, parser)
    except HydraException as error:
        raise Refusal([Problem("config", secrets.scrub(str(error)), where="Hydra")]) from error
    finally:
        GlobalHydra.instance().clear()


def _directories(given: argparse.Namespace) -> list[Path]:
    if given.config_path is not None:
        raise Refusal(
            [Problem("--config-path", "conf/ is part of gliexp", "-cd DIR for a directory of yours", COMMAND_LINE)]
        )
    if given.config_dir is None:
        return []
    directory = Path(given.config_dir).resolve()
    if not directory.is_dir():
        raise Refusal([Problem("--config-dir", f"no directory {given.config_dir}", where=COMMAND_LINE)])
    return [directory]


def _act(hydra: Hydra, loader: Loader, name: str, given: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    overrides = list(given.overrides)
    if given.hydra_help:
        hydra.hydra_help(config_name=name, args_parser=parser, args=given)
    elif given.shell_completion and overrides and overrides[0].startswith("query="):
        print(completion.answer(os.environ.get("COMP_LINE", ""), overrides[0].partition("=")[2]))
    elif given.shell_completion:
        hydra.shell_completion(config_name=name, overrides=overrides)
    elif given.cfg:
        composed = compose_with(loader, overrides, name, environment=False)
        _say(composed)
        hydra.show_cfg(name, overrides, given.cfg, given.package, given.resolve)
    elif given.info:
        compose_with(loader, overrides, name, environment=False)
        hydra.show_info(given.info, config_name=name, overrides=overrides)
    elif given.multirun or _asks_for_a_sweep(loader, name, overrides):
        from gliexp.cli.sweep import run_sweep

        if "RANK" in os.environ:
            message = "torchrun would start the whole sweep in each of its processes"
            raise Refusal([Problem("-m", message, "launch=ddp or cpu_ddp starts them for each member", COMMAND_LINE)])
        _mask_command()
        return run_sweep(loader, name, overrides)
    else:
        _single(hydra, loader, name, overrides)
    return 0


def _asks_for_a_sweep(loader: Loader, name: str, overrides: list[str]) -> bool:
    """Whether hydra.mode is MULTIRUN, on the command line or in an experiment file."""
    if not any("MULTIRUN" in text or text.startswith("experiment") for text in overrides):
        return False
    return bool(loader.collect(name, overrides, RunMode.MULTIRUN).hydra.mode == RunMode.MULTIRUN)


def _single(hydra: Hydra, loader: Loader, name: str, overrides: list[str]) -> None:
    composed = compose_with(loader, overrides, name)
    target = str(loader.ready.hydra.launcher._target_)
    if target.startswith("gliexp."):
        raise Refusal([Problem("hydra/launcher", "starts the members of a sweep", "-m before it, also for one run")])
    _say(composed)
    _mask_command()
    from gliexp.runs.directory import run_directory
    from gliexp.runs.place import prepare

    directory = prepare(run_directory(composed), Path(composed.config.run.root))
    if not start.is_first():  # of torchrun's processes the first one writes, Hydra's files too
        set_environment(composed)
        start.run(composed, directory)
        return
    loader.ready.hydra.run.dir = str(directory)
    ended = hydra.run(name, partial(_train, composed=composed), overrides).return_value
    if isinstance(ended, GliexpError):
        raise ended


def _train(_config: DictConfig, composed: Composed) -> Any:
    """Hydra's task function for a single run.

    An error for the user is returned and raised by the caller: Hydra would announce it as a failed job, an interrupted
    run too.
    """
    set_environment(composed)
    try:
        return start.run(composed, Path(HydraConfig.get().runtime.output_dir))
    except GliexpError as error:
        return error


def _say(composed: Composed) -> None:
    for notice in composed.notices:
        print(f"note: {notice}", file=sys.stderr)


def _mask_command() -> None:
    """Trackers and run.json record the command line: no token may stand in it."""
    sys.argv = [sys.argv[0], *(secrets.masked_override(word) for word in sys.argv[1:])]
