"""Span heads that start as the identity, so that a fresh span model begins with what its encoder already knows.

The library draws the two-layer projections of span starts, span ends, spans and labels at random, and a short training
spends its steps on finding any direction at all. Here half of each hidden layer passes its input on, x = relu(x) -
relu(-x), and the other half stays random: at the start a span's score is the scaled dot product of the label's vector
with the mean of its end words' vectors, which a pretrained encoder makes larger for words that go together.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def start_as_identity(model: Any) -> bool:
    """Rewrite the first weights of a fresh model's span and label projections, in place.

    False, and nothing changed, where the architecture has none: token models, and the span layers query, mlp, cat, conv
    and markerV1 to V2, whose features are not start and end alone.
    """
    core = model.model
    layer = getattr(getattr(core, "span_rep_layer", None), "span_rep_layer", None)
    labels = getattr(core, "prompt_rep_layer", None)
    if type(layer).__name__ not in MARKERS or not isinstance(labels, nn.Sequential):
        return False
    marker: Any = layer
    width = marker.out_project[-1].out_features
    with torch.no_grad():
        _pass_on(marker.project_start, 1.0)
        _pass_on(marker.project_end, 1.0)
        _pass_on(labels, float(width) ** -0.5)  # keeps a dot product of `width` terms of order one
        _average(marker.out_project)
    return True


MARKERS = frozenset({"SpanMarkerV0", "WordwiseSpanMarker"})


def _pass_on(projection: Any, scale: float) -> None:
    """First and second half-layers carry x and -x through the ReLU; the last layer takes their difference."""
    first, last = projection[0], projection[-1]
    eye = torch.eye(last.out_features)
    width = len(eye)
    first.weight[: 2 * width] = torch.cat([eye, -eye])
    first.bias[: 2 * width] = 0
    last.weight[:, : 2 * width] = torch.cat([eye, -eye], dim=1) * scale


def _average(projection: Any) -> None:
    """The mean of both halves of the input, which a ReLU has made positive."""
    first, last = projection[0], projection[-1]
    eye = torch.eye(last.out_features)
    width = len(eye)
    first.weight[: 2 * width] = torch.eye(2 * width)
    first.bias[: 2 * width] = 0
    last.weight[:, : 2 * width] = torch.cat([eye, eye], dim=1) / 2
