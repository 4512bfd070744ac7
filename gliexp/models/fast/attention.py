"""Attention within each row of a batch whose rows lie end to end, without padding.

With dropout on a CPU, scaled_dot_product_attention takes the long way over the whole padded square: masks made and
added, softmax guarded against rows of nothing, a random number a cell (aten/src/ATen/native/transformers/attention.cpp,
_scaled_dot_product_attention_math). Here each row's square is that of its own tokens, and the backward pass needs but
the weights before and after dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from gliexp.models.fast import dropout as cheap

NAME = "gliexp_rows"
"""Under which transformers finds `attend`: the backbone's config names it as its implementation."""


class _Attended(torch.autograd.Function):
    """Attention with dropout; q, k, v and the result are (heads, tokens, size), rows end to end."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        lengths: Sequence[int],
        probability: float,
        scale: float,
    ) -> torch.Tensor:
        result = torch.empty_like(value)
        weights = []
        for part in _parts(lengths):
            scores = torch.bmm(query[:, part] * scale, key[:, part].transpose(1, 2))
            even = scores.softmax(dim=-1)
            kept = even * cheap.drawn(even.shape, probability)
            result[:, part] = torch.bmm(kept, value[:, part])
            weights += [even, kept]
        ctx.save_for_backward(query, key, value, result, *weights)
        ctx.lengths, ctx.scale = lengths, scale
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, result, *weights = ctx.saved_tensors
        of_query, of_key, of_value = torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)
        inner = (gradient * result).sum(dim=-1, keepdim=True)
        for number, part in enumerate(_parts(ctx.lengths)):
            even, kept = weights[2 * number], weights[2 * number + 1]
            received = gradient[:, part]
            of_value[:, part] = torch.bmm(kept.transpose(1, 2), received)
            of_scores = torch.bmm(received, value[:, part].transpose(1, 2)).mul_(kept)
            of_scores.sub_(even * inner[:, part]).mul_(ctx.scale)
            of_query[:, part] = torch.bmm(of_scores, key[:, part])
            of_key[:, part] = torch.bmm(of_scores.transpose(1, 2), query[:, part])
        return of_query, of_key, of_value, None, None, None


def _parts(lengths: Sequence[int]) -> list[slice]:
    parts, start = [], 0
    for length in lengths:
        parts.append(slice(start, start + length))
        start += length
    return parts


def attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    row_lengths: Sequence[int] | None = None,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """What transformers calls for an attention: query, key, value (1, heads, tokens, size) → (1, tokens, heads, size).

    `row_lengths` are those of the rows that lie end to end; without them it is transformers' own sdpa.
    """
    if row_lengths is None:
        found: tuple[torch.Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
        return found
    scale = query.size(-1) ** -0.5 if scaling is None else scaling
    window = others.get("sliding_window")
    if dropout and window is None and cheap.holds(query):
        joined: torch.Tensor = _Attended.apply(  # type: ignore[no-untyped-call]
            query.squeeze(0), key.squeeze(0), value.squeeze(0), row_lengths, dropout, scale
        ).unsqueeze(0)
    else:
        rows = [
            functional.scaled_dot_product_attention(
                query[:, :, part],
                key[:, :, part],
                value[:, :, part],
                attn_mask=None if window is None else _near(part.stop - part.start, window),
                dropout_p=dropout,
                scale=scale,
            )
            for part in _parts(row_lengths)
        ]
        joined = torch.cat(rows, dim=2)
    return joined.transpose(1, 2).contiguous(), None


def _near(length: int, window: int) -> torch.Tensor | None:
    """Which tokens (length, length) see each other; None: all do.

    ModernBERT's attention holds one more than its config (transformers/models/modernbert/modeling_modernbert.py:225),
    by which the library masks (masking_utils.py:149, a distance of at most the config's number).
    """
    if length <= window:
        return None
    places = torch.arange(length)
    return (places.unsqueeze(0) - places.unsqueeze(1)).abs() < window


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
