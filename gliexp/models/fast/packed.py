"""Backbones that read a padded batch without its padding.

The tokens of all rows are laid end to end as one row of a batch of one, each with the position that it had, so that
linear layers, norms, activations and dropout are computed for real tokens alone; attention stays within a row
(models/fast/attention.py). What comes out is laid back into the padded shape, with zeros on padding, which nothing
reads. It holds on a CPU; on a GPU a kernel for each row would cost more than the padding.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn
from transformers import BertModel, ModernBertModel, RobertaModel, XLMRobertaModel

from gliexp.models.fast import attention

LEAST_LENGTH = 32
"""Tokens of a mean row, below which a call for each row's attention costs more than its padding: labels' encoders."""

REPLACED = "sdpa"
"""The implementation of attention that is replaced; one that the user chose otherwise stays."""


class Packed:
    """Goes in front of a transformers backbone: its forward of a padded batch, on the real tokens."""

    stock: type

    def __reduce__(self) -> tuple[Any, ...]:
        # the subclass bears its library class's name, by which pickle would find that one
        return _blank, (self.stock,), self.__dict__

    def forward(self, input_ids: Any = None, attention_mask: Any = None, **options: Any) -> Any:
        """The library's forward; `last_hidden_state` (B, L, D) holds zeros on padding."""
        if not _holds(self, input_ids, attention_mask, options):
            return super().forward(input_ids=input_ids, attention_mask=attention_mask, **options)  # type: ignore[misc]
        kind = next(kind for kind in KINDS if isinstance(self, kind))
        real = attention_mask.bool()
        packed = {"input_ids": input_ids[real].unsqueeze(0)}
        packed["position_ids"] = KINDS[kind].positions(self, input_ids)[real].unsqueeze(0)
        if options.get("token_type_ids") is not None:
            packed["token_type_ids"] = options.pop("token_type_ids")[real].unsqueeze(0)
        result = super().forward(  # type: ignore[misc]
            **packed, attention_mask=KINDS[kind].mask, row_lengths=real.sum(dim=1).tolist(), **options
        )
        states = result[0].squeeze(0)
        padded = states.new_zeros(real.numel(), states.shape[-1]).index_copy(0, real.flatten().nonzero()[:, 0], states)
        result["last_hidden_state"] = padded.view(*real.shape, -1)
        if result.get("pooler_output") is not None:
            result["pooler_output"] = self.pooler(result["last_hidden_state"])  # type: ignore[attr-defined]
        return result


class Kind:
    """How a backbone numbers its tokens, and the mask that stands for "all see all"."""

    def __init__(self, positions: Callable[[Any, torch.Tensor], torch.Tensor], mask: Any = None) -> None:
        self.positions = positions
        self.mask = mask


def _columns(_model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    return torch.arange(input_ids.shape[1]).expand(input_ids.shape)


def _counted(model: Any, input_ids: torch.Tensor) -> torch.Tensor:
    embeddings = model.embeddings
    positions: torch.Tensor = embeddings.create_position_ids_from_input_ids(input_ids, embeddings.padding_idx)
    return positions


KINDS: dict[type, Kind] = {
    BertModel: Kind(_columns),
    RobertaModel: Kind(_counted),
    XLMRobertaModel: Kind(_counted),
    ModernBertModel: Kind(_columns, {"full_attention": None, "sliding_attention": None}),
}


def _holds(model: Any, input_ids: Any, attention_mask: Any, options: dict[str, Any]) -> bool:
    """Whether the call is the plain one: ids and a mask of padding, nothing but the last states asked for."""
    asked = ("output_hidden_states", "output_attentions", "inputs_embeds", "position_ids", "encoder_hidden_states")
    return (
        isinstance(input_ids, torch.Tensor)
        and isinstance(attention_mask, torch.Tensor)
        and attention_mask.shape == input_ids.shape
        and input_ids.device.type == "cpu"
        and int(attention_mask.sum()) >= LEAST_LENGTH * len(input_ids)
        and options.get("return_dict", True)
        and not any(options.get(name) is not None and options.get(name) is not False for name in asked)
        and not (model.config.output_hidden_states or model.config.output_attentions)
        and model.config._attn_implementation == attention.NAME
        and not torch.compiler.is_compiling()
    )


@cache
def _packed(stock: type) -> type:
    # peft writes a backbone's class into adapter_config.json, so the name stays the library's
    return type(stock.__name__, (Packed, stock), {"stock": stock, "__module__": stock.__module__})


def _blank(stock: type) -> Any:
    cls: Any = _packed(stock)
    return cls.__new__(cls)


def pack(backbone: nn.Module) -> bool:
    """Let the backbone read batches without padding, in place; whether it is of a kind that can."""
    config: Any = getattr(backbone, "config", None)
    if type(backbone) not in KINDS or config._attn_implementation != REPLACED or getattr(config, "is_decoder", False):
        return False
    stock: Any = type(backbone)
    backbone.__class__ = _packed(stock)
    config._attn_implementation = attention.NAME
    return True
