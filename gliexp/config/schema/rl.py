"""The `rl` section: reinforcement of a classifier, under the names of gliclass.training.RLTrainerConfig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.config.schema.key import GLICLASS_TRAIN, SCRIPT, key

REWARDS = ("f1", "precision", "recall", "accuracy", "exact")
"""Rewards that gliexp brings; any other name is a function, module.function."""


@dataclass
class Policy:
    """The library's fields, in its order; -1 switches a term off."""

    cliprange: float = key(
        0.2, "How far the probability of an action may move before its gain stops counting", GLICLASS_TRAIN, above=0
    )
    num_rl_iters: int = key(3, "Optimizer steps on the actions of one training step", GLICLASS_TRAIN, minimum=1)
    gamma: float = key(
        -1.0, "Focal weight of hard labels, (1 - p of the truth)^gamma; -1 is off", GLICLASS_TRAIN, minimum=-1
    )
    alpha: float = key(
        -1.0, "Weight of labels that hold, against 1 - alpha; -1 is off", GLICLASS_TRAIN, minimum=-1, maximum=1
    )
    labels_smoothing: float = key(
        -1.0, "How far actions are drawn towards 0.5; -1 is off", GLICLASS_TRAIN, minimum=-1, below=1
    )
    entropy_beta: float = key(-1.0, "Weight of a bonus for undecided policies; -1 is off", GLICLASS_TRAIN, minimum=-1)
    kl_beta: float = key(
        -1.0, "Weight of the divergence from rl.reference_model; -1 is off", GLICLASS_TRAIN, minimum=-1
    )
    get_actions: str = key(
        "bernoulli",
        "Actions are drawn by the model's probabilities, or are those from threshold on",
        GLICLASS_TRAIN,
        choices=("bernoulli", "threshold"),
    )
    threshold: float = key(
        0.5, "Probability from which get_actions=threshold gives a label", GLICLASS_TRAIN, minimum=0, maximum=1
    )


@dataclass
class Rl(Policy):
    """With what the library takes as objects, by name, and how the run begins."""

    reward_components: Any = key(
        None,
        f"List of {{name, weight}}: {', '.join(REWARDS)} or module.function; null is f1",
        SCRIPT,
        kinds=("list",),
    )
    reference_model: str | None = key(None, "Run or saved GLiClass that kl_beta holds the policy to", SCRIPT)
    value_model: str | None = key(
        None, "What a reward is compared with: an MLP's guess, or null, the step's mean", SCRIPT, choices=("mlp",)
    )
    supervised_share: float = key(
        0.0, "Share of the steps that come first, with the supervised loss", SCRIPT, minimum=0, below=1
    )
    rate_factor: float = key(
        0.1, "Factor on all learning rates from where rewards take over from a supervised part", SCRIPT, above=0
    )
