"""The settings of `hydra/sweeper=optuna`, checked."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from omegaconf import DictConfig, OmegaConf

from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.errors import Problem, Refusal
from gliexp.runs.headline import is_smaller_better

TARGET = "gliexp.launch.search.Search"
SAMPLERS = ("tpe", "random", "gp", "cmaes", "nsgaii", "nsgaiii", "qmc")
PRUNERS = ("none", "median", "percentile", "successive_halving", "hyperband")
DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class SearchSettings:
    """What conf/hydra/sweeper/optuna.yaml says; `metric` and `direction` have one entry an objective."""

    metric: tuple[str, ...]
    direction: tuple[str, ...]
    n_trials: int = 20
    study_name: str | None = None
    storage: str | None = None
    sampler: str = "tpe"
    seed: int = 42
    pruner: str = "none"
    startup_trials: int = 5
    warmup_steps: int = 0

    @classmethod
    def read(cls, node: DictConfig, task: str, problem_type: str | None) -> SearchSettings:
        """The settings of a composed config's hydra.sweeper. Raises Refusal with all that is wrong."""
        if importlib.util.find_spec("optuna") is None:
            raise Refusal([Problem("hydra/sweeper", "optuna is not installed", "pip install 'gliexp[optuna]'")])
        said: Any = OmegaConf.to_container(node, resolve=True)
        given = {key: value for key, value in said.items() if key not in ("_target_", "params")}
        problems = list(_problems(given))
        if problems:
            raise Refusal(problems)
        metric = tuple(_listed(given["metric"])) or (f"eval.{chosen_by(task, problem_type)}",)
        direction = tuple(_listed(given["direction"])) or tuple(map(_direction, metric))
        found = cls(**{**given, "metric": metric, "direction": direction})
        problems = list(found._contradictions())
        if problems:
            raise Refusal(problems)
        return found

    def _contradictions(self) -> Iterator[Problem]:
        if len(self.metric) != len(self.direction):
            says = f"{len(self.direction)} for {len(self.metric)} metrics"
            yield _problem("direction", says, "null, or one for each metric")
        if self.pruner != "none" and len(self.metric) > 1:
            yield _problem("pruner", f"{self.pruner} judges by one metric, but there are {len(self.metric)}", "none")
        elif self.pruner != "none" and not self.metric[0].startswith("eval."):
            says = f"{self.metric[0]} is not measured while a trial trains"
            yield _problem("pruner", says, "none, or a metric of dev (eval.…)")
        if self.sampler == "cmaes" and len(self.metric) > 1:
            yield _problem("sampler", "cmaes knows one objective", "tpe, nsgaii, random")
        if self.sampler == "cmaes" and importlib.util.find_spec("cmaes") is None:
            yield _problem("sampler", "needs the package cmaes", "tpe, or pip install cmaes")


def chosen_by(task: str, problem_type: str | None) -> str:
    """What a task's checkpoints are chosen by where nothing is said (training/arguments.py)."""
    if task in CLASSIFICATION_TASKS:
        return "cls_mae" if problem_type == "regression" else "cls_macro_f1"
    return "joint_micro_f1" if task == "relex" else "ner_micro_f1"


def _problems(given: dict[str, Any]) -> Iterator[Problem]:
    known = [field.name for field in fields(SearchSettings)]
    for key, value in given.items():
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            yield _problem(str(key), f"unknown key (value {value})", ", ".join(known), "".join(near))
    for key, choices in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
        if given.get(key) not in choices:
            near = difflib.get_close_matches(str(given.get(key)), choices, n=1)
            yield _problem(key, f"does not accept {given.get(key)!r}", ", ".join(choices), "".join(near))
    for key, least in (("n_trials", 1), ("startup_trials", 0), ("warmup_steps", 0), ("seed", 0)):
        value = given.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            yield _problem(key, f"does not accept {value!r}", f"a whole number, at least {least}")
    for key in ("study_name", "storage"):
        if given.get(key) is not None and not isinstance(given[key], str):
            yield _problem(key, f"does not accept {given[key]!r}", "text, or null")
    for one in _listed(given.get("metric")):
        if not isinstance(one, str) or not one:
            yield _problem("metric", f"does not accept {one!r}", "a name such as eval.ner_micro_f1 or seconds")
    for one in _listed(given.get("direction")):
        if one not in DIRECTIONS:
            near = difflib.get_close_matches(str(one), DIRECTIONS, n=1)
            yield _problem("direction", f"does not accept {one!r}", ", ".join(DIRECTIONS), "".join(near))


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _direction(metric: str) -> str:
    return "minimize" if is_smaller_better(metric) else "maximize"


def _problem(key: str, message: str, allowed: str = "", nearest: str = "") -> Problem:
    return Problem(f"hydra.sweeper.{key}", message, allowed, "", nearest)
