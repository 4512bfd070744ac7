"""A policy acts on a batch: what it gave, what that was worth, and what is needed to judge it later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn import functional

from gliexp.models.value import states
from gliexp.training import policy
from gliexp.training.bundle import RandomState
from gliexp.training.collator import ROWS
from gliexp.training.policy import Rollout
from gliexp.training.rewards import Rewards
from gliexp.training.rollout import CHANCE, QUESTIONS, Reference

TARGETS = "labels"
NOT_READ = (CHANCE, QUESTIONS, ROWS, TARGETS)
"""Batch entries that are not for the model."""


@dataclass(frozen=True)
class Played:
    """A batch on which the policy has acted.

    The rollout, whose advantage is still open; rewards (B), and each kind's mean by name; the value model's states;
    the generators' states from which its dropout was drawn.
    """

    rollout: Rollout
    reward: torch.Tensor
    means: Mapping[str, float]
    state: torch.Tensor | None
    dropout: RandomState

    def of_rows(self, start: int, end: int) -> Played:
        """What was done on some rows of the batch."""
        state = None if self.state is None else self.state[start:end]
        return replace(self, rollout=self.rollout.cut(start, end), reward=self.reward[start:end], state=state)


@dataclass(frozen=True)
class Actor:
    """How a policy acts (`how` and `threshold` as in RLTrainerConfig) and what it is rewarded for and held to."""

    rewards: Rewards
    how: str
    threshold: float
    smoothing: float
    reference: Reference | None = None
    with_states: bool = False

    @torch.no_grad()
    def act(self, model: Any, batch: Mapping[str, Any]) -> Played:
        """Act on a batch on the model's device, in training mode, with the dropout that is drawn next."""
        device = next(model.parameters()).device
        model.train()
        dropout = RandomState.now()
        outputs = read(model, batch, with_text=self.with_states)
        logits = outputs.logits.float()
        labels = _filled(batch[TARGETS], logits, model.config.ignore_index)
        real = labels != model.config.ignore_index
        targets = labels.float().masked_fill(~real, 0)
        probs = logits.sigmoid().masked_fill(~real, 0)
        actions = policy.act(probs, _filled(batch[CHANCE], logits, 1.0), real, self.how, self.threshold)
        reward, parts = self.rewards(probs, actions, targets, real)
        reference = None
        if self.reference is not None:
            reference = self.reference.probabilities(batch[QUESTIONS], logits.shape[1]).to(device)
        log_probs = policy.log_probs(logits, actions, self.smoothing)
        rollout = Rollout(actions, targets, real, log_probs, torch.zeros_like(reward), reference)
        means = {name: float(values.mean()) for name, values in parts.items()}
        return Played(rollout, reward, means, states(outputs, real) if self.with_states else None, dropout)


def read(model: Any, batch: Mapping[str, Any], *, with_text: bool = False) -> Any:
    """The model's output for a batch, without a loss; with text vectors where they are asked for."""
    inputs = {key: value for key, value in batch.items() if key not in NOT_READ}
    return model(**inputs, **({"output_text_embeddings": True} if with_text else {}))


def _filled(values: torch.Tensor, logits: torch.Tensor, filling: float) -> torch.Tensor:
    """Values (B, labels) with as many columns as there are scores; encoder-decoders score empty slots too."""
    return functional.pad(values, (0, logits.shape[1] - values.shape[1]), value=filling)
