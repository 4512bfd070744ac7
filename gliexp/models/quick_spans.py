"""Spans in fewer products: what the first layer does to the start and to the end of a span is done once a word.

markerV0 joins a start and an end for each of words x max_width spans and puts them through a layer
(gliner/modeling/span_rep.py, SpanMarkerV0). The layer is linear, so its halves can be multiplied with words, of which
there are max_width times fewer, and added for each span: the same sum in another order, equal but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from gliner.modeling.span_rep import SpanMarkerV0, extract_elements
from torch import nn
from torch.nn import functional

from gliexp.models.fast.spans import FoldedSpanMarker


@contextmanager
def quick_spans(model: Any) -> Iterator[None]:
    """Within the block, span layers of `model` that are as they were built take the shorter way. No gradients."""
    layers = [module for module in model.modules() if isinstance(module, SpanMarkerV0) and _is_plain(module)]
    for layer in layers:
        layer.forward = partial(represent, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward  # the class's own is found again


def _is_plain(layer: Any) -> bool:
    """Whether its last projection is what the library builds, and nothing was put around it."""
    kinds = [type(part) for part in layer.out_project]
    if isinstance(layer, FoldedSpanMarker):
        return False  # it has a shorter way yet
    return kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear] and "forward" not in vars(layer)


def represent(layer: Any, h: torch.Tensor, span_idx: torch.Tensor) -> torch.Tensor:
    """Representations (batch, words, max_width, hidden) of the spans `span_idx` (batch, spans, 2) over words `h`."""
    first, last = layer.out_project[0], layer.out_project[3]
    hidden = h.size(-1)
    starts = functional.linear(layer.project_start(h).relu(), first.weight[:, :hidden], first.bias)
    ends = functional.linear(layer.project_end(h).relu(), first.weight[:, hidden:])
    joined = extract_elements(starts, span_idx[:, :, 0]) + extract_elements(ends, span_idx[:, :, 1])
    spans: torch.Tensor = last(joined.relu_())
    return spans.view(len(h), span_idx.size(1) // layer.max_width, layer.max_width, hidden)
