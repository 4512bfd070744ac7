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
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from gliexp.config import request, secrets
from gliexp.config.compose import Composed, compose, compose_with
from gliexp.config.loader import CONFIG_NAME, Loader
from gliexp.config.report import COMMAND_LINE
from gliexp.config.routing import ENVIRONMENT, route
from gliexp.errors import GliexpError, Problem, Refusal


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
    elif given.shell_completion:
        hydra.shell_completion(config_name=name, overrides=overrides)
    elif given.cfg:
        composed = compose_with(loader, overrides, name, environment=False)
        _say(composed)
        hydra.show_cfg(name, overrides, given.cfg, given.package, given.resolve)
    elif given.info:
        compose_with(loader, overrides, name, environment=False)
        hydra.show_info(given.info, config_name=name, overrides=overrides)
    elif given.multirun or "hydra.mode=MULTIRUN" in overrides:
        _sweep(hydra, loader, name, overrides)
    else:
        _single(hydra, loader, name, overrides)
    return 0


def _single(hydra: Hydra, loader: Loader, name: str, overrides: list[str]) -> None:
    composed = compose_with(loader, overrides, name)
    _say(composed)
    _mask_command()
    from gliexp.runs.directory import run_directory

    loader.ready.hydra.run.dir = str(run_directory(composed))
    ended = hydra.run(name, partial(_train, composed=composed), overrides).return_value
    if isinstance(ended, GliexpError):
        raise ended


def _sweep(hydra: Hydra, loader: Loader, name: str, overrides: list[str]) -> None:
    members = _members(loader, overrides)
    if members is not None:
        _check_members(loader, name, members)
    _mask_command()
    mode = [] if "hydra.mode=MULTIRUN" in overrides else ["hydra.mode=MULTIRUN"]
    hydra.multirun(name, partial(_train_member, directories=loader.directories), [*overrides, *mode])


def _members(loader: Loader, overrides: list[str]) -> list[list[str]] | None:
    """Each member's overrides, or None where another sweeper than Hydra's basic one chooses them."""
    if any(override.startswith(("hydra/sweeper", "hydra.sweeper")) for override in overrides):
        return None
    own = [override for override in overrides if not override.startswith("hydra")]
    loader.report.problems.clear()
    readable = request.read(own, loader.groups, loader.report, sweep=True).overrides
    if loader.report.problems:
        raise Refusal(loader.report.problems)
    parsed = OverridesParser.create(config_loader=loader).parse_overrides(list(readable))
    return BasicSweeper.split_arguments(parsed, None)[0]


def _check_members(loader: Loader, name: str, members: list[list[str]]) -> None:
    """Compose every member before the first one runs; a problem names the member it was met in."""
    problems: dict[tuple[str, str], Problem] = {}
    notices: list[str] = []
    for number, member in enumerate(members):
        try:
            composed = compose_with(loader, member, name)
        except Refusal as refusal:
            for found in refusal.problems:
                place = f"{found.where}, member {number}: {' '.join(member)}".lstrip(", ")
                named = Problem(found.key, found.message, found.allowed, secrets.scrub(place), found.nearest)
                problems.setdefault((found.key, found.message), named)
        else:
            notices += [notice for notice in composed.notices if notice not in notices]
    if problems:
        raise Refusal(problems.values())
    for notice in notices:
        print(f"note: {notice}", file=sys.stderr)


def _train(_config: DictConfig, composed: Composed) -> Any:
    """Hydra's task function for a single run.

    An error for the user is returned and raised by the caller: Hydra would announce it as a failed job, an interrupted
    run too.
    """
    _set_environment(composed)
    from gliexp.runs.train import train

    try:
        return train(composed, Path(HydraConfig.get().runtime.output_dir))
    except GliexpError as error:
        return error


def _train_member(_config: DictConfig, directories: Sequence[Path]) -> Any:
    """Hydra's task function for one member of a sweep, which may run in another process."""
    texts = OmegaConf.to_container(HydraConfig.get().overrides.task, resolve=False)
    composed = compose([str(text) for text in texts or []], directories)
    _set_environment(composed)
    from gliexp.runs.train import train

    return train(composed, Path(HydraConfig.get().runtime.output_dir))


def _set_environment(composed: Composed) -> None:
    """Variables that libraries read when they are imported: before the imports of the run."""
    os.environ.update(route(composed.config).objects[ENVIRONMENT])


def _say(composed: Composed) -> None:
    for notice in composed.notices:
        print(f"note: {notice}", file=sys.stderr)


def _mask_command() -> None:
    """Trackers and run.json record the command line: no token may stand in it."""
    sys.argv = [sys.argv[0], *(secrets.masked_override(word) for word in sys.argv[1:])]
