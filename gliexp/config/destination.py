"""Where a key's value arrives, and whether it does anything there under this config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config import legacy, routing
from gliexp.config.compose import Composed
from gliexp.config.layers import Chains, masked
from gliexp.config.schema.run import CLASSIFICATION_TASKS

_ADAPTERS = "gliexp.models.adapters.wrap"
_LIBRARY = {
    routing.GLINER_CONFIG: "gliner.GLiNERConfig",
    routing.GLICLASS_CONFIG: "gliclass.GLiClassModelConfig",
    routing.RL_CONFIG: "gliclass.training.RLTrainerConfig",
    routing.LORA_CONFIG: "peft.LoraConfig",
    "AdaLoraConfig": "peft.AdaLoraConfig",
    "IA3Config": "peft.IA3Config",
    "VeraConfig": "peft.VeraConfig",
    routing.WRAP: _ADAPTERS,
    routing.EARLY_STOPPING: "transformers.EarlyStoppingCallback",
    routing.ENVIRONMENT: "environment",
}
"""Destination in the routing table → its full name; TrainingArguments belongs to the task's library."""


@dataclass(frozen=True)
class Destination:
    """The object and attribute where a value ends, its value there, and the keys that it flows through on its way."""

    object: str
    attribute: str
    value: Any
    through: tuple[str, ...] = ()

    def __str__(self) -> str:
        end = f"{self.object}.{self.attribute}" if not self.object.startswith("gliexp.") else self.object
        return " → ".join([*self.through, end])


def destination(composed: Composed, key: str) -> Destination | None:
    """Where a key's value goes; None for a key that goes nowhere under this task."""
    table = routing.table(composed.config.run.task)
    through: list[str] = []
    route = table.get(key)
    while route is not None and route.object == routing.CONFIG:
        through.append(route.attribute)
        route = table.get(route.attribute)
    if route is None:
        return None
    last = through[-1] if through else key
    value = route.translate(routing.value_at(composed.config, last), composed.config)
    return Destination(
        full_name(route.object, composed.config.run.task), route.attribute, masked(last, value), tuple(through)
    )


def full_name(name: str, task: str) -> str:
    """The dotted name of a destination of the routing table."""
    if name == routing.TRAINING_ARGUMENTS:
        library = "gliclass" if task in CLASSIFICATION_TASKS else "gliner"
        return f"{library}.training.TrainingArguments"
    return _LIBRARY.get(name, name)


def effects(composed: Composed, chains: Chains) -> dict[str, str]:
    """Key → why it has no effect; keys that have one are not in it."""
    dead = {item.key: item.reason for item in routing.route(composed.config).inert}
    table = routing.table(composed.config.run.task)
    for key, route in table.items():
        if key not in dead and route.object == routing.CONFIG:
            reason = _bypassed(composed, chains, key, route.attribute)
            if reason:
                dead[key] = reason
    return dead


def bypassed(composed: Composed) -> list[tuple[str, str]]:
    """Keys of the user's that flow into one which is given by itself, with the reason; old names are carried anyway."""
    chains, dead = Chains(composed), {item.key for item in routing.route(composed.config).inert}
    found = []
    for key, route in routing.table(composed.config.run.task).items():
        old = key.removeprefix("training.") in legacy.CARRIED
        if route.object == routing.CONFIG and not old and key not in dead and composed.report.explicit(key):
            found.append((key, _bypassed(composed, chains, key, route.attribute)))
    return [(key, reason) for key, reason in found if reason]


def _bypassed(composed: Composed, chains: Chains, key: str, target: str) -> str:
    """Why the key that this one flows into does not take its value: it is given there itself."""
    if key.removeprefix("training.") in legacy.CARRIED and routing.value_at(composed.config, key) is None:
        return f"not set; an old name of {target}"
    where = composed.report.where(target)
    if not where or key in chains.behind(target):
        return ""
    return f"{target} is set itself [{where}]"
