"""The HF Trainer for GLiClass: the library's loss on our batches, checkpoints in the library's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
import transformers
from torch import nn

from gliexp.config.schema.classifier import DECODER_KV, MULTI, REGRESSION
from gliexp.models.class_anatomy import PARTS, backbones
from gliexp.models.gliclass import Classifier
from gliexp.training import costs
from gliexp.training.adapting import Adapting
from gliexp.training.batches import GROUPED
from gliexp.training.class_collator import ClassCollator
from gliexp.training.consolidation import Consolidation
from gliexp.training.optimizer import ParameterGroup
from gliexp.training.strict import Strict

CELL = "reasoning_cell"
"""How gliclass names decoder-kv's recurrent part (gliclass/training.py:682)."""


class ClassTrainer(Adapting, Strict, transformers.Trainer):  # type: ignore[misc]  # transformers is not followed
    """Trains a classifier on `rows` and scores it on `dev_rows`.

    gliclass's own Trainer swallows every exception of a step (gliclass/training.py:489) and evaluates logits against
    0.5, so none of it is used. `consolidation` holds weights that earlier data need; `recurrent_lr` is the rate of
    decoder-kv's reasoning cell.
    """

    def __init__(
        self,
        classifier: Classifier,
        args: Any,
        *,
        rows: Sequence[Mapping[str, Any]],
        collator: ClassCollator,
        consolidation: Consolidation | None = None,
        recurrent_lr: float | None = None,
        **others: Any,
    ) -> None:
        self.classifier = classifier
        self.consolidation = consolidation
        self.recurrent_lr = recurrent_lr
        if args.train_sampling_strategy == GROUPED or others.get("max_batch_tokens") is not None:
            found = costs.of_classes(rows, classifier, collator.inputs, collator.labels)
        else:
            found = costs.by_length(rows)
        super().__init__(
            classifier.model,
            args,
            rows=rows,
            costs=found,
            collator=collator,
            processing_class=classifier.tokenizer,
            **others,
        )
        # forward takes any keyword, and would be handed a count of items that it passes on to the backbone
        self.model_accepts_loss_kwargs = False

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        return {PARTS[name]: backbone for name, backbone in backbones(model).items()}

    def has_trainable_label(self, inputs: Mapping[str, Any]) -> bool:
        """Whether any target is not ignore_index."""
        labels = inputs.get("labels")
        return labels is not None and bool((labels != self.classifier.model.config.ignore_index).any())

    def cells(self, batch: Mapping[str, Any]) -> float:
        """What the loss is averaged over: real labels, or rows.

        A contrastive loss (model.contrastive_loss_coef) compares within a part, or a rank's rows, what else it compares
        within the batch.
        """
        config = self.classifier.model.config
        if config.architecture_type == DECODER_KV or config.problem_type not in (MULTI, REGRESSION):
            return len(batch["labels"])
        return float((batch["labels"] != config.ignore_index).sum())

    def is_summed(self) -> bool:
        """Whether model.focal_loss_reduction adds up."""
        config = self.classifier.model.config
        return bool(config.problem_type == MULTI and config.focal_loss_reduction == "sum")

    def penalty(self) -> torch.Tensor | None:
        """What is added for weights that have moved from where earlier data need them, beside what adapters add."""
        others = super().penalty()
        if self.consolidation is None:
            return others
        own = self.consolidation.penalty(self.accelerator.unwrap_model(self.model))
        return own if others is None else own + others

    def parameter_groups(self, model: Any = None) -> list[ParameterGroup]:
        """The groups of all trainers; decoder-kv's reasoning cell has a rate of its own where there is one."""
        found = super().parameter_groups(model)
        if self.recurrent_lr is None:
            return found
        named = (self.model if model is None else model).named_parameters()
        cell = {id(parameter) for name, parameter in named if CELL in name}
        split = []
        for group in found:
            inside = [parameter for parameter in group.parameters if id(parameter) in cell]
            outside = [parameter for parameter in group.parameters if id(parameter) not in cell]
            split += [replace(group, parameters=outside)] if outside else []
            name = group.name.replace("others", "reasoning cell")
            split += [replace(group, name=name, parameters=inside, learning_rate=self.recurrent_lr)] if inside else []
        return split

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        outputs = model(**inputs)
        loss = outputs.loss
        return (loss, outputs) if return_outputs else loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """The model and its tokenizer in the library's layout, without a pickle of all arguments and their token."""
        if self.adapted is not None:
            super()._save(output_dir, state_dict)
            return
        self._average(True)
        target = output_dir or self.args.output_dir
        self.accelerator.unwrap_model(self.model).save_pretrained(target, state_dict=state_dict)
        self.classifier.tokenizer.save_pretrained(target)
