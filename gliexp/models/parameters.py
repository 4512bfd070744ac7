"""Counts and freezes the parameters of a model by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gliexp.models import anatomy
from gliexp.models.anatomy import HEADS, LABELS_ENCODER, TEXT_ENCODER

ENCODERS = (TEXT_ENCODER, LABELS_ENCODER)


@dataclass(frozen=True)
class Count:
    """Number of parameters, shared ones counted once."""

    total: int
    trainable: int


def count(model: Any) -> dict[str, Count]:
    """Parameters by part: each backbone by its name (text_encoder, labels_encoder, label_decoder), then heads.

    The parts add up to the whole model: a parameter that two parts share is counted in the first.
    """
    body, seen = anatomy.of(model), set[int]()
    counts = {name: _count(holder.model, seen) for name, holder in body.holders.items()}
    counts[HEADS] = _count(body.core, seen)
    return counts


def sizes(model: Any) -> dict[str, Any]:
    """The same counts in plain values, in all and by part, as run.json has them."""
    counts = count(model)
    return {
        "total": sum(each.total for each in counts.values()),
        "trainable": sum(each.trainable for each in counts.values()),
        "parts": {name: {"total": each.total, "trainable": each.trainable} for name, each in counts.items()},
    }


def size(parameter: Any) -> int:
    """Number of weights that a parameter stands for; one in 4 bits holds two in a byte."""
    state = getattr(parameter, "quant_state", None)
    return int(parameter.numel() if state is None else state.shape.numel())


def _count(module: Any, seen: set[int]) -> Count:
    fresh = [parameter for parameter in module.parameters() if id(parameter) not in seen]
    seen.update(map(id, fresh))
    return Count(
        total=sum(map(size, fresh)),
        trainable=sum(parameter.numel() for parameter in fresh if parameter.requires_grad),
    )


def freeze(model: Any, parts: tuple[str, ...] = ENCODERS) -> dict[str, int]:
    """Stop training the named parts and return the number of parameters frozen in each; parts it lacks are left out.

    This is what `model.fine_tune: false` means. The library reads `fine_tune` nowhere (gliner/config.py:218 stores it).
    The rows of the prompt tokens freeze with the embedding, so they must have been made distinct at build time.
    """
    frozen = {}
    for name, holder in anatomy.of(model).holders.items():
        if name in parts:
            holder.model.requires_grad_(False)
            frozen[name] = sum(parameter.numel() for parameter in holder.model.parameters())
    return frozen
