"""The policy of a classifier, which gives each label of a row or does not, and the loss that rewards it.

gliclass's RLTrainer (gliclass/training.py:790) draws new actions in every iteration and compares their probability with
that of others, takes padding for labels, treats a factor of -1 as one, prefers decided policies where it is asked for
undecided ones, weighs easy labels instead of hard ones, and its divergence is not 0 for equal models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Terms:
    """What the loss is made of, under the names of RLTrainerConfig; -1 switches a term off."""

    cliprange: float = 0.2
    gamma: float = -1.0
    alpha: float = -1.0
    labels_smoothing: float = -1.0
    entropy_beta: float = -1.0
    kl_beta: float = -1.0

    @classmethod
    def of(cls, arguments: Any) -> Terms:
        """From an RLTrainerConfig."""
        return cls(**{name: float(getattr(arguments, name)) for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Rollout:
    """What one batch's policy did, all (B, C) but `advantage` (B): fixed while the policy is stepped on it.

    `log_probs` are those of the actions under the policy that took them, `reference` the probabilities that another
    model gives the labels.
    """

    actions: torch.Tensor
    targets: torch.Tensor
    real: torch.Tensor
    log_probs: torch.Tensor
    advantage: torch.Tensor
    reference: torch.Tensor | None = None

    def cut(self, start: int = 0, end: int | None = None, slots: int | None = None) -> Rollout:
        """Some of the rows, and of the label slots the first ones, as shorter rows by themselves have them."""
        kept = {name: value for name, value in vars(self).items() if value is not None}
        return Rollout(
            **{n: value[start:end] if value.dim() == 1 else value[start:end, :slots] for n, value in kept.items()}
        )


@dataclass(frozen=True)
class Judged:
    """The loss of a batch, and what to report of it: means over rows of means over their labels."""

    loss: torch.Tensor
    ratio: float
    clipped: float
    entropy: float
    kl: float | None


def act(probs: torch.Tensor, chance: torch.Tensor, real: torch.Tensor, how: str, threshold: float) -> torch.Tensor:
    """Actions (B, C) of 0 and 1: by `chance`, uniform numbers in 0..1, or from `threshold` on; 0 for no label."""
    given = chance < probs if how == "bernoulli" else probs >= threshold
    return (given & real).to(probs.dtype)


def log_probs(logits: torch.Tensor, actions: torch.Tensor, smoothing: float = -1.0) -> torch.Tensor:
    """Log probabilities (B, C) of actions; `smoothing` draws them towards 0.5."""
    if smoothing > 0:
        actions = actions * (1 - smoothing) + 0.5 * smoothing
    return actions * functional.logsigmoid(logits) + (1 - actions) * functional.logsigmoid(-logits)


def entropy(logits: torch.Tensor) -> torch.Tensor:
    """Entropy (B, C) in nats of giving each label."""
    probs = logits.sigmoid()
    return -(probs * functional.logsigmoid(logits) + (1 - probs) * functional.logsigmoid(-logits))


def divergence(logits: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Kullback-Leibler divergence (B, C) in nats of each label's policy from the reference's probabilities."""
    other = reference.clamp(1e-6, 1 - 1e-6)
    yes = functional.logsigmoid(logits) - other.log()
    no = functional.logsigmoid(-logits) - (1 - other).log()
    probs = logits.sigmoid()
    return probs * yes + (1 - probs) * no


def judge(logits: torch.Tensor, rollout: Rollout, terms: Terms) -> Judged:
    """The clipped surrogate loss of PPO (Schulman et al. 2017, eq. 7), label by label, with the terms that are on.

    A row's advantage holds for all its labels, whose losses are added; rows are averaged, and so are both penalties,
    over labels too. Focal weights are no part of the gradient.
    """
    real, targets = rollout.real, rollout.targets
    ratio = (log_probs(logits, rollout.actions, terms.labels_smoothing) - rollout.log_probs).exp()
    advantage = rollout.advantage.unsqueeze(1)
    kept = ratio.clamp(1 - terms.cliprange, 1 + terms.cliprange)
    losses = -torch.min(ratio * advantage, kept * advantage) * _weights(logits, targets, terms)
    loss = losses.masked_fill(~real, 0).sum(dim=1).mean()
    surprise = _mean(entropy(logits), real)
    if terms.entropy_beta > 0:
        loss = loss - terms.entropy_beta * surprise
    apart = None
    if rollout.reference is not None and terms.kl_beta > 0:
        apart = _mean(divergence(logits, rollout.reference), real)
        loss = loss + terms.kl_beta * apart
    return Judged(
        loss,
        ratio=float(_mean(ratio.detach(), real)),
        clipped=float(_mean((ratio.detach() - 1).abs().gt(terms.cliprange).float(), real)),
        entropy=float(surprise.detach()),
        kl=None if apart is None else float(apart.detach()),
    )


def _weights(logits: torch.Tensor, targets: torch.Tensor, terms: Terms) -> torch.Tensor:
    weights = torch.ones_like(logits)
    if terms.gamma > 0:
        probs = logits.detach().sigmoid()
        truth = probs * targets + (1 - probs) * (1 - targets)
        weights = weights * (1 - truth).pow(terms.gamma)
    if terms.alpha >= 0:
        weights = weights * (terms.alpha * targets + (1 - terms.alpha) * (1 - targets))
    return weights


def _mean(values: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """The mean over rows of the mean over their real labels: micro-batches of one step then average to the whole."""
    return (values.masked_fill(~real, 0).sum(dim=1) / real.sum(dim=1).clamp(min=1)).mean()
