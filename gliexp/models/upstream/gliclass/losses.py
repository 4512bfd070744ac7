"""Losses over real labels: padded label slots count nowhere, and every problem type has one."""

from __future__ import annotations

from typing import Any

import torch
from gliclass.loss_functions import focal_loss_with_logits, sequence_contrastive_loss
from torch.nn import functional

SINGLE, MULTI, REGRESSION = "single_label_classification", "multi_label_classification", "regression"


class RealLabelLoss:
    """Cures GLiClassBaseModel.get_loss (gliclass/model.py:318).

    single_label_classification views the scores as (-1, num_labels) with num_labels = -1 and crashes; regression and
    null take padded label slots for real ones (two labels among eight slots: 2.079 for 0.693); the encoder-decoders
    score `max_num_classes` slots and are given fewer targets, which crashes.
    """

    config: Any

    def get_loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor | None,
        classes_embedding: torch.Tensor | None = None,
        classes_embedding_mask: torch.Tensor | None = None,
    ) -> torch.Tensor | None:
        """The mean loss of scores (B, C) against targets (B, C), padded with ignore_index, or against indices (B)."""
        if labels is None:
            return None
        losses = loss_by_row(logits, labels, classes_embedding_mask, self.config)
        if self.config.problem_type == MULTI and self.config.focal_loss_reduction == "sum":
            loss = losses.sums.sum()
        else:
            loss = losses.sums.sum() / losses.counts.sum().clamp(min=1)
        if self.config.contrastive_loss_coef > 0 and classes_embedding is not None:
            apart = sequence_contrastive_loss(classes_embedding, classes_embedding_mask)
            loss = loss + apart * self.config.contrastive_loss_coef
        return loss


class RealLabelRowLoss:
    """Cures GLiClassDecoderKV._per_sample_loss, which knows neither regression nor null (gliclass/model.py:1136)."""

    config: Any

    def _per_sample_loss(
        self, logits: torch.Tensor, labels: torch.Tensor, valid_labels: torch.Tensor | None = None
    ) -> torch.Tensor:
        losses = loss_by_row(logits, labels, valid_labels, self.config)
        return losses.sums / losses.counts.clamp(min=1)


class RowLosses:
    """Sums (B) of each row's losses, and how many (B) were added."""

    def __init__(self, sums: torch.Tensor, counts: torch.Tensor) -> None:
        self.sums = sums
        self.counts = counts


def loss_by_row(logits: torch.Tensor, labels: torch.Tensor, mask: torch.Tensor | None, config: Any) -> RowLosses:
    """Loss of each row by the config's problem type; `mask` (B, C) marks its real labels."""
    real = torch.ones_like(logits, dtype=torch.bool) if mask is None else mask.bool()
    if labels.dim() == 1:
        scores = logits.masked_fill(~real, torch.finfo(logits.dtype).min)
        losses = functional.cross_entropy(scores, labels.long(), ignore_index=config.ignore_index, reduction="none")
        return RowLosses(losses, labels.ne(config.ignore_index))
    targets = _widened(labels, logits.shape[1], config.ignore_index)
    real = real & targets.ne(config.ignore_index)
    # what stands in for padding must be a target too: its focal loss would be NaN, and so its gradient, masked or not
    targets = targets.to(logits.dtype).masked_fill(~real, 0)
    if config.problem_type == MULTI:
        focal = focal_loss_with_logits(logits, targets, config.focal_loss_alpha, config.focal_loss_gamma, "none")
        return _summed(focal, real)
    if config.problem_type == REGRESSION or real.sum(dim=1).max() <= 1:
        return _summed((logits - targets).pow(2), real)
    scores = logits.masked_fill(~real, torch.finfo(logits.dtype).min).log_softmax(dim=-1)
    soft = -(scores.masked_fill(~real, 0) * targets).sum(dim=-1)
    return RowLosses(soft, real.any(dim=1))


def _summed(losses: torch.Tensor, real: torch.Tensor) -> RowLosses:
    return RowLosses(losses.masked_fill(~real, 0).sum(dim=-1), real.sum(dim=-1))


def _widened(labels: torch.Tensor, slots: int, ignored: int) -> torch.Tensor:
    """Targets with as many slots as there are scores."""
    if labels.shape[1] < slots:
        return functional.pad(labels, (0, slots - labels.shape[1]), value=ignored)
    return labels[:, :slots]
