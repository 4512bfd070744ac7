"""The embedding rows of the prompt tokens that GLiNER adds, made distinct."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


def scatter_rows(embedding: nn.Embedding, rows: Sequence[int], seed: int) -> None:
    """Redraw `rows` in place from the mean and standard deviation, by dimension, of all other rows.

    transformers' resize_token_embeddings, which the library calls (gliner/modeling/encoder.py:729), draws new rows from
    the mean with a covariance scaled by 1e-9: <<ENT>>, <<SEP>> and <<REL>> start out alike (cosine 1.0), stay alike
    where the embedding is frozen, and with LoRA have to be told apart by the adapters alone. `seed` decides the draw.
    """
    weight = embedding.weight
    others = torch.ones(weight.size(0), dtype=torch.bool)
    others[list(rows)] = False
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        known = weight[others.to(weight.device)].float()
        mean, spread = known.mean(dim=0), known.std(dim=0)
        noise = torch.randn(len(rows), weight.size(1), generator=generator).to(weight.device)
        weight[list(rows)] = (mean + spread * noise).to(weight.dtype)
