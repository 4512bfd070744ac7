"""The same scores with less arithmetic: linear layers on concatenations, computed per word and per label.

A linear layer on [a; b] is W_a·a + W_b·b, so what belongs to a word or a label is multiplied once and added where
spans or pairs need it. Weights, their names and the saved model stay the library's; outputs and gradients are the same
but for rounding, and with dropout the same in distribution.
"""

from __future__ import annotations

from typing import Any

import torch
from gliner.modeling.scorers import Scorer
from gliner.modeling.span_rep import SpanMarkerV0
from torch.nn import functional


class WordwiseSpanMarker(SpanMarkerV0):  # type: ignore[misc]
    """SpanMarkerV0 (gliner/modeling/span_rep.py:468) with its first output layer per word and its last on real spans.

    The library multiplies every cell of the (words x max_width) grid by both halves of that layer; in a batch of uneven
    lengths four cells in ten are no span at all.
    """

    def forward(self, h: torch.Tensor, span_idx: torch.Tensor) -> torch.Tensor:
        """Span representations (B, L, max_width, D) from words (B, L, D) and spans (B, L*max_width, 2).

        Cells that are no span arrive as (0, 0) and get that span's representation, as in the library.
        """
        first, activation, dropout, last = self.out_project
        batch, words, width = h.shape
        starts = functional.linear(self.project_start(h).relu(), first.weight[:, :width], first.bias).flatten(0, 1)
        ends = functional.linear(self.project_end(h).relu(), first.weight[:, width:]).flatten(0, 1)

        real = span_idx.any(dim=-1)
        real[:, 0] = True  # the first cell is the span (0, 0) itself
        places = span_idx + words * torch.arange(batch, device=h.device).view(-1, 1, 1)
        chosen = places[real]
        hidden = starts.index_select(0, chosen[:, 0]) + ends.index_select(0, chosen[:, 1])
        spans = last(dropout(activation(hidden)))

        order = real.flatten().cumsum(0).view_as(real) - 1
        order = torch.where(real, order, order[:, :1])
        grid: torch.Tensor = spans.index_select(0, order.flatten())
        return grid.view(batch, span_idx.size(1) // self.max_width, self.max_width, width)


class WordwiseScorer(Scorer):  # type: ignore[misc]
    """Scorer of the token models (gliner/modeling/scorers.py:5): only the product of word and label is per pair."""

    def forward(self, token_rep: torch.Tensor, label_rep: torch.Tensor) -> torch.Tensor:
        """Scores (B, L, C, 3) of words (B, L, D) against labels (B, C, D)."""
        first, dropout, activation, last = self.out_mlp
        width = token_rep.size(-1)
        word_alone, word_paired = self.proj_token(token_rep).split(width, dim=-1)
        label_alone, label_paired = self.proj_label(label_rep).split(width, dim=-1)
        of_word, of_label, of_pair = first.weight.split(width, dim=1)
        words = functional.linear(word_alone, of_word, first.bias).unsqueeze(2)
        labels = functional.linear(label_alone, of_label).unsqueeze(1)
        pairs = functional.linear(word_paired.unsqueeze(2) * label_paired.unsqueeze(1), of_pair)
        scores: torch.Tensor = last(activation(dropout(pairs + words + labels)))
        return scores


LAYERS = {SpanMarkerV0: WordwiseSpanMarker, Scorer: WordwiseScorer}


def apply(model: Any) -> Any:
    """Put the cheaper layers in the place of the library's, on the same parameters; returns the model."""
    for module in model.modules():
        if type(module) in LAYERS:
            module.__class__ = LAYERS[type(module)]
    return model
