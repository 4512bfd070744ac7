"""The settings of gliexp's own launchers, checked by their types."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, TypeVar, get_type_hints

from omegaconf import DictConfig, OmegaConf

from gliexp.errors import Problem, Refusal

Settings = TypeVar("Settings", bound="LauncherSettings")
SIZE = re.compile(r"(\d+)([KMGT])?B?", re.IGNORECASE)


@dataclass(frozen=True)
class LauncherSettings:
    """What all have in common; `LEAST` are the smallest values of numbers."""

    LEAST: ClassVar[dict[str, float]] = {}

    @classmethod
    def read(cls: type[Settings], node: DictConfig) -> Settings:
        """The settings of a composed config's hydra.launcher. Raises Refusal with all that is wrong."""
        if importlib.util.find_spec("submitit") is None:
            raise Refusal([Problem("hydra/launcher", "submitit is not installed", "pip install 'gliexp[slurm]'")])
        said: Any = OmegaConf.to_container(node, resolve=True)
        given = {str(key): value for key, value in said.items() if key != "_target_"}
        problems = list(cls._problems(given))
        if problems:
            raise Refusal(problems)
        return cls(**given)

    @classmethod
    def _problems(cls, given: dict[str, Any]) -> Iterator[Problem]:
        types = get_type_hints(cls)
        known = [one.name for one in fields(cls)]
        for key, value in given.items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                yield problem(key, f"unknown key (value {value})", ", ".join(known), "".join(near))
                continue
            allowed = _expected(types[key], value)
            least = cls.LEAST.get(key)
            if allowed:
                yield problem(key, f"does not accept {value!r}", allowed)
            elif least is not None and value is not None and value < least:
                yield problem(key, f"does not accept {value!r}", f"at least {least:g}")


@dataclass(frozen=True)
class SlurmSettings(LauncherSettings):
    """What conf/hydra/launcher/slurm.yaml says."""

    LEAST: ClassVar[dict[str, float]] = {
        "time": 1,
        "gpus": 0,
        "cpus": 1,
        "array_parallelism": 1,
        "signal_before": 1,
        "requeues": 0,
        "poll": 0.1,
    }

    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    time: int = 60
    gpus: int | None = None
    cpus: int = 1
    mem: str | None = None
    array_parallelism: int | None = None
    constraint: str | None = None
    exclude: str | None = None
    nodelist: str | None = None
    setup: list[str] = field(default_factory=list)
    container: str | None = None
    srun: list[str] = field(default_factory=list)
    mail: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    signal_before: int = 90
    requeues: int = 10
    wait: bool = True
    poll: float = 5

    @classmethod
    def _problems(cls, given: dict[str, Any]) -> Iterator[Problem]:
        yield from super()._problems(given)
        mem = given.get("mem")
        if isinstance(mem, str) and SIZE.fullmatch(mem) is None:
            yield problem("mem", f"does not accept {mem!r}", "a size such as 16G or 500M")
        options = given.get("options")
        for name in options if isinstance(options, dict) else ():
            own = str(name).replace("-", "_")
            if own in OWN_OPTIONS:
                yield problem(f"options.{name}", "is said by another key", OWN_OPTIONS[own])

    @property
    def mebibytes(self) -> int | None:
        """Memory for each node, as SLURM counts it."""
        found = SIZE.fullmatch(self.mem) if self.mem is not None else None
        if found is None:
            return None
        factor = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}[(found[2] or "M").upper()]
        return max(1, round(int(found[1]) * factor))


@dataclass(frozen=True)
class PoolSettings(LauncherSettings):
    """What conf/hydra/launcher/local_pool.yaml says."""

    LEAST: ClassVar[dict[str, float]] = {"at_once": 1, "cpus": 1, "gpus": 0, "poll": 0.1}

    at_once: int | None = None
    cpus: int = 2
    gpus: int | None = None
    poll: float = 1


OWN_OPTIONS = {
    "partition": "hydra.launcher.partition",
    "account": "hydra.launcher.account",
    "qos": "hydra.launcher.qos",
    "time": "hydra.launcher.time",
    "mem": "hydra.launcher.mem",
    "constraint": "hydra.launcher.constraint",
    "exclude": "hydra.launcher.exclude",
    "nodelist": "hydra.launcher.nodelist",
    "cpus_per_task": "hydra.launcher.cpus",
    "gpus_per_node": "hydra.launcher.gpus",
    "mail_user": "hydra.launcher.mail",
    "nodes": "launch.nodes",
    "ntasks": "launch.processes",
    "ntasks_per_node": "launch.processes",
    "signal": "hydra.launcher.signal_before",
    "array": "hydra.launcher.array_parallelism",
    "output": "the run's directory",
    "error": "the run's directory",
    "open_mode": "the run's directory",
    "requeue": "hydra.launcher.requeues",
}
"""Options of sbatch that other keys or gliexp itself set."""


def problem(key: str, message: str, allowed: str = "", nearest: str = "") -> Problem:
    """A problem of a setting."""
    return Problem(f"hydra.launcher.{key}", message, allowed, "", nearest)


def _expected(kind: Any, value: Any) -> str:
    """What a type accepts, in words, where it does not accept the value; else an empty text."""
    text = str(kind)
    if value is None:
        return "" if "None" in text else "not null"
    if "list[str]" in text:
        fine = isinstance(value, list) and all(isinstance(one, str) for one in value)
        return "" if fine else "a list of texts"
    if "dict" in text:
        return "" if isinstance(value, dict) else "key: value"
    if kind is bool:
        return "" if isinstance(value, bool) else "true or false"
    if "int" in text:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "a whole number"
    if "float" in text:
        return "" if isinstance(value, (int, float)) and not isinstance(value, bool) else "a number"
    return "" if isinstance(value, str) and value.isprintable() and value else "text of one line"
