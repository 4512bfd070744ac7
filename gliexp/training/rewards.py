"""What a model is rewarded for: functions of its actions and the truth, one number a row, added up by weight.

A reward is called with probabilities, actions and targets, all (B, C), and a mask (B, C) of the labels that are real,
as in gliclass; where the mask is False, actions and targets are 0. It returns (B) or (B, 1).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gliexp.config.schema.rl import REWARDS
from gliexp.errors import Problem, Refusal, RunFailed

HOLDS = 0.5
"""A target given with a score holds from here on."""

Reward = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _counts(
    actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Labels given rightly, given, and true, for each row."""
    given, true = (actions >= HOLDS) & real, (targets >= HOLDS) & real
    return (given & true).sum(1).float(), given.sum(1).float(), true.sum(1).float()


def _share(part: torch.Tensor, whole: torch.Tensor, otherwise: torch.Tensor) -> torch.Tensor:
    return torch.where(whole > 0, part / whole.clamp(min=1), otherwise.float())


def f1(_probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """F1 of each row's labels; 1 where none is true and none is given.

    gliclass's own gives 0 there (utils.py, default_f1_reward), so that keeping silent could never pay.
    """
    right, given, true = _counts(actions, targets, real)
    return _share(2 * right, given + true, torch.ones_like(right))


def precision(_probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Share of the given labels that are true; where none is given, 1 if none is true, else 0."""
    right, given, true = _counts(actions, targets, real)
    return _share(right, given, true == 0)


def recall(_probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Share of the true labels that are given; 1 where none is true."""
    right, _, true = _counts(actions, targets, real)
    return _share(right, true, torch.ones_like(right))


def accuracy(_probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Share of the row's labels that are decided rightly."""
    right = ((actions >= HOLDS) == (targets >= HOLDS)) & real
    return right.sum(1).float() / real.sum(1).clamp(min=1)


def exact(_probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """1 where every label of the row is decided rightly, else 0."""
    return (((actions >= HOLDS) == (targets >= HOLDS)) | ~real).all(dim=1).float()


BUILT_IN: dict[str, Reward] = {
    "f1": f1,
    "precision": precision,
    "recall": recall,
    "accuracy": accuracy,
    "exact": exact,
}
assert tuple(BUILT_IN) == REWARDS


@dataclass(frozen=True)
class Component:
    """One reward by its name, with its weight in the sum."""

    name: str
    reward: Reward
    weight: float = 1.0


@dataclass(frozen=True)
class Rewards:
    """The sum of some rewards, and each by itself."""

    components: Sequence[Component] = (Component("f1", f1),)

    def __call__(
        self, probs: torch.Tensor, actions: torch.Tensor, targets: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Total reward (B), and each component's own, unweighted, by name.

        Raises RunFailed where a component returns another shape, or what is no number.
        """
        total, parts = torch.zeros(len(probs), device=probs.device), {}
        for component in self.components:
            value = component.reward(probs, actions, targets, real)
            parts[component.name] = _checked(component.name, value, total)
            total = total + component.weight * parts[component.name]
        return total, parts


def _checked(name: str, value: Any, like: torch.Tensor) -> torch.Tensor:
    rows = len(like)
    if not torch.is_tensor(value) or tuple(value.shape) not in ((rows,), (rows, 1)):
        shape = tuple(value.shape) if torch.is_tensor(value) else type(value).__name__
        raise RunFailed(f"reward {name} returned {shape} for {rows} rows, not one number a row")
    found = value.detach().reshape(rows).to(like.device, like.dtype)
    if not bool(torch.isfinite(found).all()):
        raise RunFailed(f"reward {name} returned {found.tolist()}: not all of it is finite")
    return found


def of(listed: Sequence[Mapping[str, Any]] | None) -> Rewards:
    """The rewards of rl.reward_components; null is F1.

    Raises Refusal for functions that cannot be imported or called.
    """
    if listed is None:
        return Rewards()
    components, problems = [], list[Problem]()
    for place, item in enumerate(listed):
        try:
            reward = BUILT_IN.get(item["name"]) or _imported(item["name"])
        except (ImportError, AttributeError, TypeError) as error:
            problems.append(Problem(f"rl.reward_components[{place}].name", f"{item['name']}: {error}", "a function"))
            continue
        components.append(Component(item["name"], reward, float(item.get("weight", 1.0))))
    if problems:
        raise Refusal(problems)
    return Rewards(tuple(components))


def _imported(name: str) -> Reward:
    module, _, function = name.rpartition(".")
    found: Any = getattr(importlib.import_module(module), function)
    if not callable(found):
        raise TypeError("is not a function")
    return found  # type: ignore[no-any-return]
