"""The losses of relations as a relation model makes them: means, and over how many cells each is one.

The library adds them to the entity loss, whose mean has another divisor. Processes that share a batch need them apart.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from gliexp.models import architecture
from gliexp.models.upstream.cured import cured

NAMES = ("adjacency", "relation")


class Mean(NamedTuple):
    """A mean loss, and the number of cells (pairs of entities, or relations of pairs) that it is the mean of."""

    mean: torch.Tensor
    cells: float


class Losses(dict[str, Mean]):
    """The latest losses by name; one that was not made is 0 of no cells."""

    def __missing__(self, name: str) -> Mean:
        return Mean(torch.zeros(()), 0.0)


class Watched:
    """Goes in front of the torch module of a relation model; see `watch`."""

    relation_losses: Losses

    def adj_loss(self, logits: torch.Tensor, labels: torch.Tensor, adj_mask: torch.Tensor, **options: Any) -> Any:
        """The library's loss of which entities are related."""
        loss = super().adj_loss(logits, labels, adj_mask, **options)  # type: ignore[misc]
        self.relation_losses["adjacency"] = Mean(loss, float(adj_mask.sum()))
        return loss

    def rel_loss(
        self,
        logits: torch.Tensor,
        labels: torch.Tensor,
        pair_mask: torch.Tensor,
        class_mask: torch.Tensor,
        **options: Any,
    ) -> Any:
        """The library's loss of how they are related."""
        loss = super().rel_loss(logits, labels, pair_mask, class_mask, **options)  # type: ignore[misc]
        self.relation_losses["relation"] = Mean(loss, float((pair_mask * class_mask).sum()))
        return loss


def watch(model: Any) -> Losses | None:
    """Note the losses of a relation model's coming passes; None for other models."""
    if not architecture.has_relations(model):
        return None
    losses = Losses()
    model.model = cured(model.model, Watched)
    model.model.relation_losses = losses
    return losses
