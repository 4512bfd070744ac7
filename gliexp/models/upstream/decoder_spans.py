"""Which spans the label decoder is shown in training, and that a batch without any is no crash."""

from __future__ import annotations

from typing import Any

import torch


class SpansAsGenerated:
    """Cures UniEncoderSpanDecoderModel, and the token model that inherits from it.

    - gliner/modeling/base.py:1982 concatenates an empty tensor of width 0 with the labels when no span of the batch is
      an entity, and fails; :2032 fails likewise when nothing is predicted. No span costs no loss and yields no label.
    - :1908 keeps as many columns as there are candidate spans (words times max_width) where only the kept ones are
      used: one column more than the longest row is the same result in a fraction of the memory.
    - :1984 masks the padding in front of each span in training, and :2034 attends to it when generating
      (`attention_mask=None`). Training sees what generation will, since the stock library is what will generate.
    """

    def select_decoder_embedding(
        self, representations: torch.Tensor, rep_mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Kept rows packed to the left: (B, kept + 1, D), their mask and their old columns (-1 on padding)."""
        packed = super().select_decoder_embedding(representations, rep_mask)  # type: ignore[misc]
        columns = int(rep_mask.sum(dim=-1).max()) + 1
        representation, mask, selected = (tensor[:, :columns].contiguous() for tensor in packed)
        return representation, mask, selected

    def decode_labels(
        self,
        decoder_embedding: torch.Tensor | None,
        decoder_embedding_mask: torch.Tensor | None,
        decoder_labels_ids: torch.Tensor,
        *targets: torch.Tensor,
        **options: Any,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Summed cross entropy of the labels given their spans, and the decoder's logits."""
        if decoder_embedding is None or decoder_embedding_mask is None or not decoder_embedding_mask.any():
            return self.decoder.ids_to_embeds(decoder_labels_ids).sum() * 0.0, None  # type: ignore[attr-defined]
        attended = decoder_embedding_mask.any(dim=-1, keepdim=True).expand_as(decoder_embedding_mask)
        decoded: tuple[torch.Tensor, torch.Tensor] = super().decode_labels(  # type: ignore[misc]
            decoder_embedding, attended, decoder_labels_ids, *targets, **options
        )
        return decoded

    def generate_labels(
        self, decoder_embedding: torch.Tensor | None, decoder_embedding_mask: torch.Tensor | None, **options: Any
    ) -> torch.Tensor:
        """Generated token ids (spans, length)."""
        if decoder_embedding is None or decoder_embedding_mask is None or not decoder_embedding_mask.any():
            return torch.empty(0, 1, dtype=torch.long)
        generated: torch.Tensor = super().generate_labels(decoder_embedding, decoder_embedding_mask, **options)  # type: ignore[misc]
        return generated
