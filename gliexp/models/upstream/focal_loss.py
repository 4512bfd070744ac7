"""The focal loss keeps its gradient where the model is surely wrong."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

IGNORED = -100


class SureGradient:
    """Cures BaseModel._loss of every variant.

    gliner/modeling/loss_functions.py:156 takes `log(p.clamp(min=1e-6))`: a positive whose logit is below -13.8, or a
    negative above 13.8, has a constant loss and no gradient at all. Span models start with logits in the hundreds, and
    a run can die there: loss constant, gradient norm 0, F1 0. From the logits the same loss is -logsigmoid, whose
    gradient goes to 1 instead of 0; where nothing was clamped the values are the library's.
    """

    def _loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        alpha: float = -1.0,
        gamma: float = 0.0,
        prob_margin: float = 0.0,
        label_smoothing: float = 0.0,
        negatives: float = 1.0,
        masking: str = "none",
        normalize_prob: bool = True,
        loss_type: str = "focal",
        **options: Any,
    ) -> torch.Tensor:
        """Losses of the shape of `labels`; dice, probability inputs and a probability margin are the library's own."""
        if loss_type == "dice" or not normalize_prob or prob_margin:
            losses: torch.Tensor = super()._loss(  # type: ignore[misc]
                logits,
                labels,
                alpha,
                gamma,
                prob_margin,
                label_smoothing,
                negatives=negatives,
                masking=masking,
                normalize_prob=normalize_prob,
                loss_type=loss_type,
                **options,
            )
            return losses
        return focal_loss(logits, labels, alpha, gamma, label_smoothing) * _kept(labels, negatives, masking)


def focal_loss(
    logits: torch.Tensor, labels: torch.Tensor, alpha: float, gamma: float, label_smoothing: float
) -> torch.Tensor:
    """Binary focal loss per element from logits: -alpha_t * (1 - p_t)^gamma * log(p_t), arXiv 1708.02002, eq. 5.

    `labels` are 0, 1 or -100 (ignored); alpha below 0 weighs both classes alike; smoothing moves targets towards 0.5.
    """
    targets = labels.to(logits.dtype)
    if label_smoothing:
        targets = targets * (1 - label_smoothing) + 0.5 * label_smoothing
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if gamma > 0:
        probability = torch.sigmoid(logits)
        correct = probability * targets + (1 - probability) * (1 - targets)
        losses = losses * (1 - correct).clamp(min=0) ** gamma
    if alpha >= 0:
        losses = losses * (alpha * targets + (1 - alpha) * (1 - targets))
    return torch.where(labels == IGNORED, torch.zeros_like(losses), losses)


def _kept(labels: torch.Tensor, negatives: float, masking: str) -> torch.Tensor:
    """1 for what enters the loss: all positives, and a share `negatives` of the negatives that `masking` names.

    Follows gliner/modeling/base.py:249; a share of 1 keeps everything and draws nothing.
    """
    absent = {
        "global": lambda: labels == 0,
        "label": lambda: (labels.sum(dim=1) == 0).unsqueeze(1).expand_as(labels),
        "span": lambda: (labels.sum(dim=2) == 0).unsqueeze(2).expand_as(labels),
    }
    if negatives >= 1 or masking not in absent:
        return torch.ones((), device=labels.device)
    drawn = torch.rand(labels.shape, device=labels.device) < negatives
    return (drawn | ~absent[masking]()).to(torch.float32)
