"""`compose`: overrides in, one typed and checked config out, or one Refusal that names everything wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from gliexp.config import checks, classifier_checks, keys, presence, routing, secrets, values
from gliexp.config.loader import CONFIG_NAME, Loader
from gliexp.config.report import Report
from gliexp.config.schema import Config
from gliexp.errors import Problem, Refusal

CLUSTER = "gliexp.launch.cluster.Slurm"
"""The launcher whose runs are made on other machines."""


@dataclass(frozen=True)
class Composed:
    """A checked config. `tree` is the same as plain mappings; `overrides` have tokens masked.

    `chosen` maps group to option; `notices` are corrections and keys without effect that the user should read once.
    """

    config: Config
    tree: dict[str, Any]
    overrides: tuple[str, ...]
    chosen: dict[str, str | None]
    notices: tuple[str, ...]
    report: Report

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.config.run.name)


def compose(
    overrides: Sequence[str] = (), config_dirs: Sequence[str | Path] = (), *, environment: bool = True
) -> Composed:
    """Compose and check a config.

    `overrides` are Hydra overrides as on the command line; `config_dirs` are further directories with groups. With
    `environment` false, what depends on this machine (files, installed trackers) is not looked at. Raises Refusal with
    every problem found.
    """
    loader = Loader([Path(directory).resolve() for directory in config_dirs])
    return compose_with(loader, overrides, environment=environment)


def compose_with(
    loader: Loader, overrides: Sequence[str], config_name: str = CONFIG_NAME, *, environment: bool = True
) -> Composed:
    """The same with a loader at hand, which keeps what it composed for a Hydra that asks for it next."""
    try:
        composed = loader.collect(config_name, list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise Refusal([*loader.report.problems, from_hydra(error)]) from None
    report = loader.report
    report.elsewhere = OmegaConf.select(composed, "hydra.launcher._target_") == CLUSTER
    masked = tuple(secrets.given_overrides(composed))
    tree = _resolve(composed, report)
    if tree is not None:
        _check_values(tree, report)
    if tree is None or any(problem.key in keys.index() for problem in report.problems):
        if tree is not None:
            _check_whole(typed(tree), report, environment)
        raise Refusal(report.problems)
    config = typed(tree)
    _check_whole(config, report, environment)
    if report.problems:
        raise Refusal(report.problems)
    for inert in routing.route(config).inert:
        if report.explicit(inert.key) and not checks.is_default(config, inert.key):
            report.note(f"{inert.key} has no effect: {inert.reason}")
    found = Composed(config, tree, masked, report.choices, tuple(report.notices), report)
    for key, reason in _bypassed(found):
        report.note(f"{key} has no effect: {reason}")
    return replace(found, notices=tuple(report.notices))


def _bypassed(composed: Composed) -> list[tuple[str, str]]:
    """Keys of the user's that flow into another one, which is given by itself."""
    from gliexp.config.destination import bypassed  # which reads what is made here

    return bypassed(composed)


def typed(tree: dict[str, Any]) -> Config:
    """A Config from plain mappings whose values have been checked against the schema."""
    return Config(**{name: _section(type(getattr(Config(), name)), values) for name, values in tree.items()})


def _section(kind: type[Any], content: dict[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(
        **{
            name: _section(hints[name], value) if is_dataclass(hints[name]) else value
            for name, value in content.items()
        }
    )


def from_hydra(error: Exception) -> Problem:
    """An error of Hydra's or OmegaConf's as a problem."""
    cause = error.__cause__ if str(error).strip() == "" and error.__cause__ else error
    text = secrets.scrub(" ".join(str(cause).split()))
    return Problem("config", text, where="Hydra")


def _resolve(composed: DictConfig, report: Report) -> dict[str, Any] | None:
    """The config without Hydra's part and without interpolations; each that does not resolve is a problem."""
    tree: dict[str, Any] = {}
    failed = False
    for path in keys.index():
        try:
            value = OmegaConf.select(composed, path, throw_on_missing=True)
        except OmegaConfBaseException as error:
            text = secrets.scrub(str(error).splitlines()[0])
            report.refuse(Problem(path, f"cannot be resolved: {text}", where=report.where(path)))
            failed = True
            continue
        plain = OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        _put(tree, path, plain)
    return None if failed else tree


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, leaf = path.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[leaf] = value


def _at(tree: dict[str, Any], path: str) -> Any:
    for part in path.split("."):
        tree = tree[part]
    return tree


def _check_values(tree: dict[str, Any], report: Report) -> None:
    """Types, ranges and closed sets again, now that interpolations are values."""
    reported = {problem.key for problem in report.problems}
    for path, key in keys.index().items():
        if path in reported:
            continue
        problem = values.wrong(key, _at(tree, path), report.where(path))
        if problem is not None:
            report.refuse(problem)


def _check_whole(config: Config, report: Report, environment: bool) -> None:
    """What only the whole config shows: contradictions, and things that are not there."""
    for problem in (*checks.problems(config, report), *classifier_checks.problems(config, report)):
        report.refuse(problem)
    if environment:
        for problem in presence.problems(config, report):
            report.refuse(problem)
