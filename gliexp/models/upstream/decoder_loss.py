"""The label decoder's share of the loss: weighted once, and reduced as the rest is."""

from __future__ import annotations

from typing import Any

import torch


class CoefficientOnce:
    """Cures UniEncoderTokenDecoderModel.loss.

    gliner/modeling/base.py:2736 multiplies by `token_loss_coef` what :2732 has multiplied already, and the span loss
    with it, whenever there is a decoder loss.
    """

    def loss(self, *args: Any, decoder_loss: torch.Tensor | None = None, **options: Any) -> torch.Tensor:
        """token_loss_coef · token + span_loss_coef · span + decoder_loss_coef · decoder."""
        loss: torch.Tensor = super().loss(*args, decoder_loss=None, **options)  # type: ignore[misc]
        if decoder_loss is not None:
            loss = loss + decoder_loss * self.config.decoder_loss_coef  # type: ignore[attr-defined]
        return loss


class ReducedDecoderLoss:
    """Cures UniEncoderSpanDecoderModel.decode_labels, and the token model that inherits it.

    gliner/modeling/base.py:1997 always sums the cross entropy over the batch's label tokens, whatever `loss_reduction`
    says: with "mean" the decoder outweighs the rest by the number of tokens, and the more so the larger the batch.
    """

    _label_tokens: int = 0

    def decode_labels(self, *args: Any, **options: Any) -> Any:
        """The library's summed loss; the number of label tokens is kept for `loss`."""
        targets: torch.Tensor = options.get("decoder_labels", args[-1])
        self._label_tokens = int((targets != -100).sum())
        return super().decode_labels(*args, **options)  # type: ignore[misc]

    def loss(
        self, *args: Any, reduction: str = "sum", decoder_loss: torch.Tensor | None = None, **options: Any
    ) -> torch.Tensor:
        """The library's loss, with the decoder's averaged over label tokens when `reduction` is "mean"."""
        if decoder_loss is not None and reduction == "mean":
            decoder_loss = decoder_loss / max(self._label_tokens, 1)
        loss: torch.Tensor = super().loss(  # type: ignore[misc]
            *args, reduction=reduction, decoder_loss=decoder_loss, **options
        )
        return loss
