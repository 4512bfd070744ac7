"""Scores of words against labels for real words alone."""

from __future__ import annotations

import torch

from gliexp.models.algebra import WordwiseScorer
from gliexp.models.fast import linear


class PackedScorer(WordwiseScorer):
    """WordwiseScorer that takes padding once a row, on float32 CPU words.

    The library pads words with vectors of zeros (gliner/modeling/utils.py:17), whose scores are the same in all of a
    row's padding; so a word whose vector is zero is computed once.
    """

    def forward(self, token_rep: torch.Tensor, label_rep: torch.Tensor) -> torch.Tensor:
        """Scores (B, L, C, 3) of words (B, L, D) against labels (B, C, D)."""
        if not linear.holds(token_rep, self.proj_token.weight):
            return super().forward(token_rep, label_rep)
        batch, length, width = token_rep.shape
        real = token_rep.any(dim=-1)
        rows = torch.cat([real.nonzero()[:, 0], torch.arange(batch)])
        words = torch.cat([token_rep[real], token_rep.new_zeros(batch, width)])
        first, drop, activation, last = self.out_mlp
        of_word, of_label, of_pair = first.weight.split(width, dim=1)
        word_alone, word_paired = self.proj_token(words).split(width, dim=-1)
        label_alone, label_paired = self.proj_label(label_rep).split(width, dim=-1)
        pairs = word_paired.unsqueeze(1) * label_paired.index_select(0, rows)
        hidden = linear.like(first, pairs, of_pair)
        hidden = hidden + linear.like(first, word_alone, of_word, first.bias).unsqueeze(1)
        hidden = hidden + linear.like(first, label_alone, of_label).index_select(0, rows)
        scores = last(activation(drop(hidden)))
        padding = len(words) - batch + torch.arange(batch).unsqueeze(1)
        order = torch.where(real, real.flatten().cumsum(0).view_as(real) - 1, padding)
        grid: torch.Tensor = scores.index_select(0, order.flatten())
        return grid.view(batch, length, *grid.shape[1:])
