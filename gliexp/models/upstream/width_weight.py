"""`use_span_width_weight` works: positives are boosted by 1 + log(width)."""

from __future__ import annotations

from typing import Any

import torch


class GridLabels:
    """Cures UniEncoderSpanModel.loss, which the span relation and streaming models inherit.

    gliner/modeling/base.py:618 broadcasts a (1, 1, K, 1) weight against labels that the processor delivers flat as
    (B, L*K, C), and fails. The labels are given the grid's shape (B, L, K, C), which the rest of the method accepts.
    """

    def loss(self, scores: torch.Tensor, labels: torch.Tensor, *args: Any, **options: Any) -> torch.Tensor:
        """The library's loss on labels of the shape of `scores`, (B, L, K, C)."""
        loss: torch.Tensor = super().loss(scores, labels.reshape(scores.shape), *args, **options)  # type: ignore[misc]
        return loss
