"""Label smoothing and probability margin of bi_span and decoder_span reach the parameters they are named after."""

from __future__ import annotations

from typing import Any

import torch


class NamedSmoothing:
    """Cures BiEncoderSpanModel.loss and UniEncoderSpanDecoderModel.loss.

    gliner/modeling/base.py:1672 and :2328 call `self._loss(scores, labels, alpha, gamma, label_smoothing, …)`, whose
    fifth position is `prob_margin`: smoothing acts as a margin, and the margin that was asked for is swallowed.
    """

    _margin_and_smoothing: tuple[float, float] = (0.0, 0.0)

    def loss(self, *args: Any, prob_margin: float = 0.0, label_smoothing: float = 0.0, **options: Any) -> torch.Tensor:
        """The library's loss with both numbers set aside for `_loss`."""
        self._margin_and_smoothing = (prob_margin, label_smoothing)
        loss: torch.Tensor = super().loss(*args, **options)  # type: ignore[misc]
        return loss

    def _loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        alpha: float,
        gamma: float,
        _misplaced: float = 0.0,
        **options: Any,
    ) -> torch.Tensor:
        margin, smoothing = self._margin_and_smoothing
        losses: torch.Tensor = super()._loss(logits, labels, alpha, gamma, margin, smoothing, **options)  # type: ignore[misc]
        return losses
