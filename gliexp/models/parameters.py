"""Counts and freezes the parameters of a GLiNER by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.models import architecture

HEADS = "heads"
ENCODERS = ("text_encoder", "labels_encoder")


@dataclass(frozen=True)
class Count:
    """Number of parameters, shared ones counted once."""

    total: int
    trainable: int


def count(model: Any) -> dict[str, Count]:
    """Parameters by part: each backbone by its name (text_encoder, labels_encoder, label_decoder), then heads.

    The parts add up to the whole model: a parameter that two parts share is counted in the first.
    """
    seen: set[int] = set()
    counts = {}
    for name, holder in architecture.holders(model).items():
        counts[name] = _count(holder.model, seen)
    counts[HEADS] = _count(model.model, seen)
    return counts


def _count(module: Any, seen: set[int]) -> Count:
    fresh = [parameter for parameter in module.parameters() if id(parameter) not in seen]
    seen.update(map(id, fresh))
    return Count(
        total=sum(parameter.numel() for parameter in fresh),
        trainable=sum(parameter.numel() for parameter in fresh if parameter.requires_grad),
    )


def freeze(model: Any, parts: tuple[str, ...] = ENCODERS) -> dict[str, int]:
    """Stop training the named parts and return the number of parameters frozen in each; parts it lacks are left out.

    This is what `model.fine_tune: false` means. The library reads `fine_tune` nowhere (gliner/config.py:218 stores it).
    The rows of the prompt tokens freeze with the embedding, so they must have been made distinct at build time.
    """
    frozen = {}
    for name, holder in architecture.holders(model).items():
        if name in parts:
            holder.model.requires_grad_(False)
            frozen[name] = sum(parameter.numel() for parameter in holder.model.parameters())
    return frozen
