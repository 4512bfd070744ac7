"""A guess at the reward that a text and its labels will bring, against which actions are judged."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

WIDTH = 64
CONFIDENCE = 3
"""Numbers that say how sure the policy is, beside the text's vector."""


class ValueModel(nn.Module):
    """An MLP on a text's vector and on how sure the policy is of its labels. Its gradient ends here."""

    def __init__(self, size: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.layers = nn.Sequential(nn.Linear(size, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """Rewards (B) of states (B, size)."""
        guess: torch.Tensor = self.layers(state).squeeze(-1)
        return guess


def states(outputs: Any, real: torch.Tensor) -> torch.Tensor:
    """States (B, size) from a model's output with text embeddings; `real` (B, C) marks the labels that there are."""
    text = outputs.text_embeddings.float()
    if text.dim() == 3:  # pooling `pass` keeps every word
        text = text.mean(dim=1)
    probs = outputs.logits.float().sigmoid()
    doubt = (probs * (1 - probs)).masked_fill(~real, 0).sum(dim=1) / real.sum(dim=1).clamp(min=1)
    probs = probs.masked_fill(~real, 0)
    return torch.cat([text, torch.stack([doubt, probs.amax(dim=1), probs.sum(dim=1)], dim=1)], dim=1).detach()
