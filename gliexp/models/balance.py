"""Entities of rare labels weigh more in the loss of span and token models.

All cells of a word or span that bears a label take that label's weight, those of the other labels too: what makes a
rare label rare is as often the frequent one that is predicted in its place.
"""

from __future__ import annotations

from typing import Any

import torch

from gliexp.models import architecture
from gliexp.models.upstream.cured import cured

VARIANTS = (architecture.UNI_SPAN, architecture.UNI_TOKEN)


class Balanced:
    """Goes in front of the torch module of a span or token model; see `apply`."""

    _weights: torch.Tensor | None = None

    def forward(self, *args: Any, label_weights: torch.Tensor | None = None, **inputs: Any) -> Any:
        """The library's forward; the weights hold for the losses of this call."""
        self._weights = label_weights
        try:
            return super().forward(*args, **inputs)  # type: ignore[misc]
        finally:
            self._weights = None

    def _loss(self, scores: torch.Tensor, labels: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        """Losses of the shape of `labels`: (B, N, C) for spans, (B, W, C, 3) for words."""
        losses: torch.Tensor = super()._loss(scores, labels, *args, **options)  # type: ignore[misc]
        return losses if self._weights is None else losses * emphasis(labels, self._weights)


def emphasis(labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The weight of each span (B, N, 1) or word (B, W, 1, 1): the greatest among the labels that it bears, else 1.

    `labels` are 0, 1 or negative (ignored); `weights` (B, C) are at least 1.
    """
    borne = labels.clamp(min=0) if labels.dim() == 3 else labels.clamp(min=0).amax(dim=-1)
    extra = (borne * (weights - 1).unsqueeze(1)).amax(dim=-1, keepdim=True)
    return 1 + (extra if labels.dim() == 3 else extra.unsqueeze(-1))


def apply(model: Any) -> Any:
    """Make the losses of `model` heed `label_weights` (B, C) in its batches; returns the model.

    Raises ValueError for a variant whose class axis is not the row's own label list.
    """
    if architecture.variant(model) not in VARIANTS:
        raise ValueError(f"labels of {architecture.variant(model)} cannot be balanced")
    model.model = cured(model.model, Balanced)
    return model
