"""gliner's Trainer with an evaluation that scores spans, seeded batches, adapters, no step that fails in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from gliner.training import Trainer as LibraryTrainer
from torch import nn

from gliexp.models import anatomy
from gliexp.models.parameters import ENCODERS
from gliexp.models.relation_losses import NAMES as RELATION_LOSSES
from gliexp.models.relation_losses import watch
from gliexp.training import costs
from gliexp.training.adapting import Adapting
from gliexp.training.batches import GROUPED
from gliexp.training.bundle import MicroBatch
from gliexp.training.collator import TrainingCollator
from gliexp.training.strict import Strict


class Trainer(Adapting, Strict, LibraryTrainer):  # type: ignore[misc]  # gliner carries no types
    """Trains a GLiNER on `rows` and scores it on `dev_rows` with one fixed label set.

    `places` (file:line of each row) name rows in errors; `adapted` says which adapters the model wears. Everything else
    (arguments, callbacks, checkpoints, schedules) is the HF Trainer's.
    """

    def __init__(
        self, model: Any, args: Any, *, rows: Sequence[Mapping[str, Any]], collator: TrainingCollator, **others: Any
    ) -> None:
        heeded = args.train_sampling_strategy == GROUPED or others.get("max_batch_tokens") is not None
        found = costs.of_entities(rows, model, collator.labels) if heeded else costs.by_length(rows)
        super().__init__(model, args, rows=rows, costs=found, collator=collator, **others)
        self.relation_losses = watch(model) if self.args.world_size > 1 else None

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        holders = anatomy.of(model).holders
        return {part: holders[part].model for part in ENCODERS if part in holders}

    def has_trainable_label(self, inputs: Mapping[str, Any]) -> bool:
        """Whether a label of a span or word that counts is 0 or 1; negative ones are masked."""
        labels = inputs.get("labels")
        if labels is None or labels.numel() == 0:
            return False
        counts = ~(labels < 0)
        mask = inputs.get("span_mask")
        if mask is not None and mask.shape == labels.shape[:2]:
            counts = counts & mask.bool().unsqueeze(-1)
        return bool(counts.any())

    def cells(self, batch: Mapping[str, Any]) -> float:
        """What the library's mean divides the entity loss by.

        In a part of a batch the losses of relations and of the decoder, whose divisors are others, get this share too;
        among ranks that of the decoder does.
        """
        return _cells(batch, self.accelerator.unwrap_model(self.model))

    def is_summed(self) -> bool:
        """Whether training.loss_reduction adds up."""
        return bool(self.args.loss_reduction == "sum")

    def totals_in(self, batches: Sequence[MicroBatch]) -> int:
        """One for entities, and one for relations where each of their losses has a total of its own."""
        return len(batches) * (2 if self._shares_relations else 1)

    @property
    def _shares_relations(self) -> bool:
        return self.relation_losses is not None and self.parts == 1 and not self.is_summed()

    def compute_loss(self, *arguments: Any, **options: Any) -> Any:
        if self.relation_losses is not None:
            self.relation_losses.clear()
        return super().compute_loss(*arguments, **options)

    def shared(self, loss: torch.Tensor, share: float) -> torch.Tensor:
        """The entity loss by its share, those of relations by theirs."""
        if not self._shares_relations:
            return super().shared(loss, share)
        assert self.relation_losses is not None
        found = self.relation_losses
        shares = self.sums.shares(*(found[name].cells if share else 0.0 for name in RELATION_LOSSES))
        reached = [(found[name].mean, own) for name, own in zip(RELATION_LOSSES, shares, strict=True)]
        reached = [(mean, own) for mean, own in reached if mean.requires_grad]
        if not reached:
            return loss * share
        # the loss is a sum of multiples of these means: the multiples are its derivatives by them
        multiples = torch.autograd.grad(loss, [mean for mean, _ in reached], retain_graph=True)
        return loss * share + sum(
            multiple * mean * (own - share) for multiple, (mean, own) in zip(multiples, reached, strict=True)
        )


def _cells(batch: Mapping[str, Any], model: Any) -> float:
    """What gliner's mean divides by: spans (gliner/modeling/base.py:652), or words times labels (:1317)."""
    if batch["labels"].dim() == 3 and "span_mask" in batch:
        return float(batch["span_mask"].sum())
    labels = batch.get("prompts_embedding_mask")
    if labels is None:
        labels = batch["input_ids"] == model.config.class_token_index
    return float((batch["text_lengths"].reshape(-1) * labels.sum(dim=1)).sum())
