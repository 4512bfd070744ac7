"""Where each GLiNER variant keeps its parts: one place that knows the library's attribute paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

UNI_SPAN, UNI_TOKEN = "uni_span", "uni_token"
BI_SPAN, BI_TOKEN = "bi_span", "bi_token"
DECODER_SPAN, DECODER_TOKEN = "decoder_span", "decoder_token"
RELEX_SPAN, RELEX_TOKEN = "relex_span", "relex_token"
STREAMING = "streaming"

_VARIANTS: Mapping[str, str] = {
    "UniEncoderSpanGLiNER": UNI_SPAN,
    "UniEncoderTokenGLiNER": UNI_TOKEN,
    "BiEncoderSpanGLiNER": BI_SPAN,
    "BiEncoderTokenGLiNER": BI_TOKEN,
    "UniEncoderSpanDecoderGLiNER": DECODER_SPAN,
    "UniEncoderTokenDecoderGLiNER": DECODER_TOKEN,
    "UniEncoderSpanRelexGLiNER": RELEX_SPAN,
    "UniEncoderTokenRelexGLiNER": RELEX_TOKEN,
    "StreamingSpanGLiNER": STREAMING,
}
_SPECIAL_TOKENS = ("ent_token", "sep_token", "rel_token", "label_token")


def variant(model: Any) -> str:
    """Name of the variant of a GLiNER: uni_span, uni_token, bi_span … streaming.

    A cured class counts as the library class it stands for. Raises ValueError for anything that is not a GLiNER.
    """
    for cls in type(model).__mro__:
        if cls.__module__ == "gliner.model" and cls.__name__ in _VARIANTS:
            return _VARIANTS[cls.__name__]
    raise ValueError(f"{type(model).__name__} is not a GLiNER model of a known variant")


def has_relations(model: Any) -> bool:
    """Whether the model scores relations and so needs relation types beside entity types."""
    return variant(model) in {RELEX_SPAN, RELEX_TOKEN}


def has_decoder(model: Any) -> bool:
    """Whether the model generates a label for each span."""
    return variant(model) in {DECODER_SPAN, DECODER_TOKEN}


def has_labels_encoder(model: Any) -> bool:
    """Whether labels are encoded apart from the text (bi-encoder)."""
    return variant(model) in {BI_SPAN, BI_TOKEN}


def thresholds_take_away(model: Any) -> bool:
    """Whether a higher threshold only takes away from what a lower one finds, the scores staying as they are.

    Models with relations and label decoders choose by the threshold what they look at next. Token models with
    represent_spans choose by it the spans that they score anew (gliner/modeling/base.py, get_span_representations).
    """
    if has_relations(model) or has_decoder(model):
        return False
    return variant(model) not in {UNI_TOKEN, BI_TOKEN} or not getattr(model.config, "represent_spans", False)


def text_holder(model: Any) -> Any:
    """The library wrapper whose `.model` is the text backbone."""
    representation = model.model.token_rep_layer
    return representation.decoder_layer if variant(model) == STREAMING else representation.bert_layer


def labels_holder(model: Any) -> Any | None:
    """The wrapper of a bi-encoder's labels backbone, None for the other variants."""
    return model.model.token_rep_layer.labels_encoder if has_labels_encoder(model) else None


def decoder_holder(model: Any) -> Any | None:
    """The wrapper of a label decoder's causal language model, None for the other variants."""
    return model.model.decoder.decoder_layer if has_decoder(model) else None


def holders(model: Any) -> dict[str, Any]:
    """Part name → library wrapper whose `.model` is a transformers backbone."""
    found = {
        "text_encoder": text_holder(model),
        "labels_encoder": labels_holder(model),
        "label_decoder": decoder_holder(model),
    }
    return {name: holder for name, holder in found.items() if holder is not None}


def text_encoder(model: Any) -> nn.Module:
    """The transformers backbone that reads the text (for streaming: the causal model)."""
    backbone: nn.Module = text_holder(model).model
    return backbone


def labels_encoder(model: Any) -> nn.Module | None:
    """The transformers backbone of the labels of a bi-encoder, else None."""
    holder = labels_holder(model)
    return None if holder is None else holder.model


def label_decoder(model: Any) -> nn.Module | None:
    """The causal language model that generates labels, else None."""
    holder = decoder_holder(model)
    return None if holder is None else holder.model


def special_tokens(model: Any) -> tuple[str, ...]:
    """GLiNER's own prompt tokens of this variant (<<ENT>>, <<SEP>> …); empty for bi-encoders, which have no prompt."""
    if has_labels_encoder(model):
        return ()
    wanted = set(model._get_special_tokens())
    names = [str(getattr(model.config, key, None)) for key in _SPECIAL_TOKENS]
    return tuple(name for name in names if name in wanted)


def special_token_ids(model: Any) -> dict[str, int]:
    """Prompt token → row of the text backbone's embedding."""
    tokenizer = model.data_processor.transformer_tokenizer
    return {token: int(tokenizer.convert_tokens_to_ids(token)) for token in special_tokens(model)}
