"""Tokenizers that know no limit, beside encoders that have one: a long row would end the run with an index error."""

from __future__ import annotations

from typing import Any

from torch import nn

from gliexp.models import architecture

LEARNED = ("position_embeddings", "wpe")
"""Names of tables of learned positions: BERT and its kin, GPT-2. Other encoders turn or bias by distance."""


def limit_tokenizers(model: Any) -> None:
    """Let the tokenizers of the text cut rows at the positions that their encoders have, where they say no less.

    Many repositories give a BERT tokenizer without model_max_length, which transformers reads as no limit. The limit is
    saved with the tokenizer.
    """
    processor = model.data_processor
    tokenizers = {"text_encoder": "transformer_tokenizer", "label_decoder": "decoder_tokenizer"}
    for part, name in tokenizers.items():
        holder, tokenizer = architecture.holders(model).get(part), getattr(processor, name, None)
        positions = None if holder is None else learned_positions(holder.model)
        if positions is not None and tokenizer is not None and tokenizer.model_max_length > positions:
            tokenizer.model_max_length = positions


def learned_positions(encoder: nn.Module) -> int | None:
    """How many sub-tokens the encoder has learned positions for; None if it has no such table."""
    for name, module in encoder.named_modules():
        if name.rsplit(".", 1)[-1] in LEARNED and isinstance(module, nn.Embedding):
            # RoBERTa's positions begin behind the padding's
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None
