"""Hands each architecture's masks to its pooling and scorer: what is a word, and which label slots are real."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class PromptMasks:
    """For encoders that read labels in their prompt: uni-encoder and the encoder-decoders.

    gliclass/model.py:439 (process_encoder_output) and 705, 820 (the encoder-decoders' forward) find both masks and hand
    neither to the pooling, nor the labels' to the scorer.
    """

    pooler: Any
    scorer: Any

    def _extract_class_features(
        self,
        token_embeds: torch.Tensor,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        max_num_classes: int | None = None,
    ) -> tuple[torch.Tensor, ...]:
        """(label vectors, their mask, words, their mask), as in the library; the masks are noted on the way."""
        found: tuple[torch.Tensor, ...] = super()._extract_class_features(  # type: ignore[misc]
            token_embeds, input_ids, attention_mask, max_num_classes
        )
        self.scorer.label_mask = found[1]
        self._note_text(found[3])
        return found

    def _note_text(self, mask: torch.Tensor) -> None:
        self.pooler.mask = mask


class TextBesideLabels(PromptMasks):
    """For the encoder-decoders, whose text mask is not the one that the labels were found with."""

    def _note_text(self, mask: torch.Tensor) -> None:
        """The labels' own words are no text."""

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **inputs: Any) -> Any:
        """The library's forward, which passes no text mask to pooling and cross-attn (gliclass/model.py:725)."""
        self.pooler.mask = attention_mask
        self.scorer.text_mask = attention_mask
        inputs.pop("max_num_classes", None)  # it would go on to the backbone
        return super().forward(input_ids=input_ids, attention_mask=attention_mask, **inputs)  # type: ignore[misc]


class LabelEncoderMasks:
    """For bi-encoders: masks for both encoders, and each different label of a batch is encoded once.

    gliclass/model.py:894 encodes every label of every row, although rows of one data set offer the same ones.
    """

    config: Any
    epsilon: float
    pooler: Any
    scorer: Any
    label_encoder: nn.Module
    biencoder_projector: nn.Module
    classes_projector: nn.Module

    def forward(self, *args: Any, labels_mask: Any = None, **inputs: Any) -> Any:
        """The library's forward; real label slots are noted for the scorer."""
        self.scorer.label_mask = labels_mask
        return super().forward(*args, labels_mask=labels_mask, **inputs)  # type: ignore[misc]

    def encode_text(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, *args: Any, **options: Any) -> Any:
        """The library's text vectors, pooled over real words."""
        self.pooler.mask = attention_mask
        return super().encode_text(input_ids, attention_mask, *args, **options)  # type: ignore[misc]

    def encode_classes(
        self, class_input_ids: torch.Tensor, class_attention_mask: torch.Tensor, labels_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Label vectors (B, C, D) of token ids (B, C, L); slots that `labels_mask` leaves out come from zeros."""
        batch, slots, width = class_input_ids.shape
        real = torch.ones(batch, slots, dtype=torch.bool, device=class_input_ids.device)
        real = real if labels_mask is None else labels_mask.bool()
        read = torch.cat([class_input_ids[real], class_attention_mask[real]], dim=1)
        different, places = torch.unique(read, dim=0, return_inverse=True)
        mask = different[:, width:]
        words = self.label_encoder(different[:, :width], attention_mask=mask)[0]
        self.pooler.mask = mask
        pooled = self.pooler(words)[places]
        vectors = pooled.new_zeros(batch, slots, pooled.shape[-1])
        vectors[real] = pooled
        projected: torch.Tensor = self.classes_projector(self.biencoder_projector(vectors))
        if self.config.normalize_features:
            projected = nn.functional.normalize(projected, p=2, dim=-1, eps=self.epsilon)
        return projected
