"""Poolings that read real words only, so that a text's scores do not depend on what it is batched with."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

Pool = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MaskedPooling(nn.Module):
    """Cures GLiClassBaseModel.pooler, which is never given a mask.

    gliclass/model.py:451, 725, 865 and 898 call `self.pooler(embeddings)`: every pooling but `first` takes padding for
    words, and those with a mask argument multiply it in a shape that does not fit (gliclass/poolings.py:33). Whoever
    calls this one sets `mask` (B, L) before; without padding the values are the library's.
    """

    def __init__(self, strategy: str) -> None:
        super().__init__()
        self.strategy = strategy
        self.mask: torch.Tensor | None = None

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """One vector (B, D) for each text's words (B, L, D); `pass` keeps them all."""
        if self.strategy == "pass":
            return words
        mask = torch.ones(words.shape[:2], device=words.device) if self.mask is None else self.mask
        return POOLS[self.strategy](words, mask[:, : words.shape[1]].bool())


def _at(words: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    return words[torch.arange(len(words), device=words.device), place]


def _first(words: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return _at(words, real.int().argmax(dim=1))


def _last(words: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    places = torch.arange(real.shape[1], device=real.device)
    return _at(words, (places * real).argmax(dim=1))


def _max(words: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return words.masked_fill(~real.unsqueeze(-1), torch.finfo(words.dtype).min).amax(dim=1)


def _sum(words: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return words.masked_fill(~real.unsqueeze(-1), 0).sum(dim=1)


def _mean(words: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    return _sum(words, real) / real.sum(dim=1, keepdim=True).clamp(min=1)


POOLS: dict[str, Pool] = {
    "first": _first,
    "last": _last,
    "max": _max,
    "sum": _sum,
    "avg": _mean,
    "rms": lambda words, real: _mean(words.pow(2), real).sqrt(),
    "abs_max": lambda words, real: words.abs().masked_fill(~real.unsqueeze(-1), 0).amax(dim=1),
    "abs_avg": lambda words, real: _mean(words.abs(), real),
}
