"""What a reinforcement run may not say although each key by itself is right."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from typing import Any

from gliexp.config.checks import Look
from gliexp.config.schema.classifier import MULTI
from gliexp.config.schema.rl import REWARDS
from gliexp.config.schema.run import REINFORCED
from gliexp.errors import Problem

SWITCHED = ("gamma", "alpha", "labels_smoothing", "entropy_beta", "kl_beta")
"""Fields that -1 switches off."""
WITHOUT_STEPS = ("reduce_lr_on_plateau", "greedy")
"""Schedules that are no function of the step."""
COMPONENT = ("name", "weight")
SHAPE = "a list such as [{name: f1, weight: 1.0}, {name: my_package.rewards.brevity, weight: 0.2}]"


def problems(look: Look) -> Iterator[Problem]:
    """Every contradiction in the `rl` section; nothing for other tasks."""
    if look.config.run.task == REINFORCED:
        for check in (_switches, _policy, _rewards):
            yield from check(look)


def _switches(look: Look) -> Iterator[Problem]:
    for name in SWITCHED:
        value = getattr(look.config.rl, name)
        if -1 < value < 0:
            yield look.problem(f"rl.{name}", f"does not accept {value:g}", "-1, which is off, or at least 0")


def _policy(look: Look) -> Iterator[Problem]:
    config = look.config
    if config.model.from_pretrained is None and config.model.problem_type != MULTI:
        message = f"{config.model.problem_type}, but reinforcement decides about each label by itself"
        yield look.problem("model.problem_type", message, MULTI)
    if config.rl.kl_beta > 0 and config.rl.reference_model is None:
        yield look.problem(
            "rl.reference_model", f"null, but rl.kl_beta={config.rl.kl_beta:g} needs it", "a run or path"
        )
    schedule = config.training.lr_scheduler_type
    if config.rl.supervised_share > 0 and config.rl.rate_factor != 1 and schedule in WITHOUT_STEPS:
        message = f"{schedule} follows the scores, and cannot be lowered where rewards take over"
        yield look.problem("training.lr_scheduler_type", message, "another, or rl.rate_factor=1")
    rows = config.training.per_device_train_batch_size * config.training.gradient_accumulation_steps
    if rows == 1 and config.rl.value_model is None:
        message = "1 row a step, whose reward is compared with itself: nothing would be learned"
        yield look.problem("training.per_device_train_batch_size", message, "at least 2, or rl.value_model=mlp")


def _rewards(look: Look) -> Iterator[Problem]:
    components, key = look.config.rl.reward_components, "rl.reward_components"
    if components is None:
        return
    if not components:
        yield look.problem(key, "an empty list rewards nothing", f"null, which is f1, or {SHAPE}")
    wrong = [found for place, item in enumerate(components) for found in _component(look, f"{key}[{place}]", item)]
    yield from wrong
    if wrong or not components:
        return
    names = [item["name"] for item in components]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield look.problem(key, f"names {name} twice", "each reward once")
    if not any(float(item.get("weight", 1.0)) for item in components):
        yield look.problem(key, "every weight is 0", "a weight that is not")


def _component(look: Look, key: str, item: Any) -> Iterator[Problem]:
    where = look.report.where("rl.reward_components")
    if not isinstance(item, dict) or "name" not in item:
        yield Problem(key, f"does not accept {item!r}", allowed=SHAPE, where=where)
        return
    for unknown in sorted(set(map(str, item)) - set(COMPONENT)):
        near = difflib.get_close_matches(unknown, COMPONENT, n=1)
        yield Problem(f"{key}.{unknown}", "unknown key", ", ".join(COMPONENT), where, near[0] if near else "")
    name, weight = item["name"], item.get("weight", 1.0)
    if not isinstance(name, str) or not (name in REWARDS or _is_path(name)):
        near = difflib.get_close_matches(str(name), REWARDS, n=1, cutoff=0.5)
        allowed = f"{', '.join(REWARDS)}, or module.function"
        yield Problem(f"{key}.name", f"no reward {name!r}", allowed, where, near[0] if near else "")
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
        yield Problem(f"{key}.weight", f"does not accept {weight!r}", "a number", where)


def _is_path(name: str) -> bool:
    parts = name.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)
