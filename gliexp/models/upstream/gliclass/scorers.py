"""Scorers that see real labels and real words only."""

from __future__ import annotations

from typing import Any

import torch


class RealLabels:
    """Cures HopfieldScorer, whose softmax runs over padded label slots (gliclass/scorers.py:145).

    A row with two labels scored them differently beside a row with eight. `label_mask` (B, C) is set by the masks.
    """

    q_proj: Any
    k_proj: Any
    v_proj: Any
    mlp: Any
    beta: float
    num_iteration: int
    label_mask: torch.Tensor | None = None

    def forward(self, text_rep: torch.Tensor, label_rep: torch.Tensor, **_: Any) -> torch.Tensor:
        """Scores (B, C) of texts (B, D) and labels (B, C, D)."""
        text = text_rep.unsqueeze(1)
        for _iteration in range(self.num_iteration):
            likeness = torch.bmm(self.q_proj(label_rep), self.k_proj(text).transpose(1, 2)) * self.beta
            if self.label_mask is not None:
                likeness = likeness.masked_fill(~self.label_mask.bool().unsqueeze(-1), torch.finfo(likeness.dtype).min)
            label_rep = label_rep + likeness.softmax(dim=1) * self.v_proj(text)
        scores: torch.Tensor = self.mlp(label_rep).squeeze(-1)
        return scores


class RealWords:
    """Cures CrossAttnScorer in encoder-decoder, which gets no mask and reads padding (gliclass/model.py:733)."""

    text_mask: torch.Tensor | None = None

    def forward(self, text_rep: torch.Tensor, label_rep: torch.Tensor, text_mask: Any = None, **_: Any) -> torch.Tensor:
        """Scores (B, C) of words (B, L, D) and labels (B, C, D)."""
        mask = self.text_mask if text_mask is None else text_mask
        mask = None if mask is None else mask[:, : text_rep.shape[1]].bool()
        scores: torch.Tensor = super().forward(text_rep, label_rep, text_mask=mask)  # type: ignore[misc]
        return scores
