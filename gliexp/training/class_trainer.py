"""The HF Trainer for GLiClass: the library's loss on our batches, checkpoints in the library's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers
from torch import nn

from gliexp.models import gliclass
from gliexp.models.gliclass import Classifier
from gliexp.training.class_collator import ClassCollator
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.strict import Strict


class ClassTrainer(Strict, transformers.Trainer):  # type: ignore[misc]  # transformers is not followed
    """Trains a classifier on `rows` and scores it on `dev_rows`.

    gliclass's own Trainer swallows every exception of a step (gliclass/training.py:489) and evaluates logits against
    0.5, so none of it is used.
    """

    def __init__(
        self,
        classifier: Classifier,
        args: Any,
        *,
        rows: Sequence[Mapping[str, Any]],
        dev_rows: Sequence[Mapping[str, Any]] | None,
        collator: ClassCollator,
        evaluation: ClassEvaluation,
        **others: Any,
    ) -> None:
        self.classifier = classifier
        super().__init__(
            classifier.model,
            args,
            rows=rows,
            dev_rows=dev_rows,
            lengths=[len(row["text"]) for row in rows],
            collator=collator,
            evaluation=evaluation,
            processing_class=classifier.tokenizer,
            **others,
        )
        # forward takes any keyword, and would be handed a count of items that it passes on to the backbone
        self.model_accepts_loss_kwargs = False

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        return dict(gliclass.backbones(model))

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        outputs = model(**inputs)
        loss: torch.Tensor = outputs.loss
        return (loss, outputs) if return_outputs else loss
