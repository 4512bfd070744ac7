"""What the label decoder is trained to write: the label, then the end; no padding."""

from __future__ import annotations

from typing import Any

import torch
from gliner.data_processing.processor import UniEncoderSpanProcessor, UniEncoderTokenProcessor


class EndedLabels:
    """Cures UniEncoderSpanDecoderProcessor.prepare_decoder_labels.

    gliner/data_processing/processor.py:1329 drops the result of `masked_fill`, so padding enters the loss. For the
    usual tokenizers, which add no end token and pad with it, that padding was the only thing that taught the decoder
    to stop, once for each position by which a label is shorter than the longest of the batch and never for the
    longest. Here every label ends with one end token, and what follows is ignored.
    """

    decoder_tokenizer: Any

    def prepare_decoder_labels(self, decoder_label_strings: list[str]) -> dict[str, torch.Tensor]:
        """Token ids, mask and targets of the labels, each (labels, longest + 1); targets are -100 on padding."""
        tokenizer = self.decoder_tokenizer
        end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
        encoded = tokenizer(decoder_label_strings or ["other"], truncation=True, add_special_tokens=True)["input_ids"]
        rows = [ids if ids[-1:] == [end] or end is None else [*ids, end] for ids in encoded]
        width = max(map(len, rows))
        mask = torch.tensor([[1] * len(ids) + [0] * (width - len(ids)) for ids in rows])
        ids = torch.tensor([[*ids, *[pad] * (width - len(ids))] for ids in rows])
        return {"input_ids": ids, "attention_mask": mask, "labels": ids.masked_fill(mask == 0, -100)}


class EveryLabel:
    """Cures UniEncoderSpanDecoderProcessor.create_labels.

    gliner/data_processing/processor.py:1374 keeps the first label of a span (`used_spans`) for the classifier too, so a
    span's second label is trained as a negative. The decoder still writes the first, one label a span.
    """

    def create_labels(self, batch: dict[str, Any], blank: str | None = None) -> tuple[torch.Tensor, Any]:
        """Multi-hot span labels (B, L*K, C) and the decoder's targets."""
        labels, decoder = super().create_labels(batch, blank=blank)  # type: ignore[misc]
        if blank is None:
            labels = UniEncoderSpanProcessor.create_labels(self, batch)
        return labels, decoder


class OrderedBlankLabels:
    """Cures UniEncoderTokenDecoderProcessor: order of spans, and the blank mode.

    gliner/data_processing/processor.py:1521 sorts the entities for the decoder's targets while
    prepare_span_idx (:785) takes them in the row's order, so an unsorted row pairs spans with other spans' labels.
    In blank mode (:1551) the prompt holds the one type "entity" but the labels keep their classes (:1508), so only
    entities of the first class are positive.
    """

    def preprocess_example(self, tokens: list[str], ner: Any, classes_to_id: dict[str, int]) -> dict[str, Any]:
        """The library's example of the entities in text order."""
        ordered = sorted(ner, key=lambda entity: (entity[0], entity[1])) if ner else ner
        example: dict[str, Any] = UniEncoderTokenProcessor.preprocess_example(self, tokens, ordered, classes_to_id)
        return example

    def create_labels(self, batch: dict[str, Any], blank: str | None = None) -> tuple[torch.Tensor, Any]:
        """Word labels (B, W, C, 3), with C = 1 in blank mode, and the decoder's targets."""
        labels, decoder = super().create_labels(batch, blank=blank)  # type: ignore[misc]
        self._blank = blank is not None
        return (labels.amax(dim=2, keepdim=True) if self._blank else labels), decoder

    def create_span_labels(self, batch: dict[str, Any]) -> torch.Tensor:
        """Span labels (B, S, C), with C = 1 in blank mode; the library calls this right after `create_labels`."""
        labels: torch.Tensor = super().create_span_labels(batch)  # type: ignore[misc]
        return labels.amax(dim=2, keepdim=True) if self._blank else labels
