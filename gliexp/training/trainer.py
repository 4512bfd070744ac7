"""gliner's Trainer with an evaluation that scores spans, seeded batches, adapters, no step that fails in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from gliner.training import Trainer as LibraryTrainer
from torch import nn

from gliexp.models import anatomy
from gliexp.models.adapters import Adapted, budget, resume
from gliexp.models.parameters import ENCODERS
from gliexp.training.callbacks import RankBudget
from gliexp.training.collator import TrainingCollator
from gliexp.training.evaluation import Evaluation
from gliexp.training.strict import Strict


class Trainer(Strict, LibraryTrainer):  # type: ignore[misc]  # gliner carries no types
    """Trains a GLiNER on `rows` and scores it on `dev_rows` with one fixed label set.

    `places` (file:line of each row) name rows in errors; `adapted` says which adapters the model wears. Everything else
    (arguments, callbacks, checkpoints, schedules) is the HF Trainer's.
    """

    def __init__(
        self,
        model: Any,
        args: Any,
        *,
        rows: Sequence[Mapping[str, Any]],
        dev_rows: Sequence[Mapping[str, Any]] | None,
        collator: TrainingCollator,
        evaluation: Evaluation,
        places: Sequence[str] = (),
        adapted: Adapted | None = None,
        layerwise_lr_decay: float = 1.0,
        **others: Any,
    ) -> None:
        self.adapted = adapted
        super().__init__(
            model,
            args,
            rows=rows,
            dev_rows=dev_rows,
            lengths=[len(row["tokenized_text"]) for row in rows],
            collator=collator,
            evaluation=evaluation,
            places=places,
            layerwise_lr_decay=layerwise_lr_decay,
            **others,
        )
        if adapted is not None and budget.tuners(adapted.model):
            self.add_callback(RankBudget(adapted.model))

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        holders = anatomy.of(model).holders
        return {part: holders[part].model for part in ENCODERS if part in holders}

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> torch.Tensor:
        """The library's loss, with what AdaLoRA adds to it."""
        loss: torch.Tensor = super().compute_loss(model, inputs, *args, **options)
        orthogonality = budget.regularisation(self.adapted.model) if self.adapted is not None else None
        return loss if orthogonality is None else loss + orthogonality

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """A checkpoint of adapters holds what trained; the library's would reload with a random backbone, silently."""
        self._average(True)
        if self.adapted is None:
            super()._save(output_dir, state_dict)
        elif self.args.should_save:
            target = Path(output_dir or self.args.output_dir)
            target.mkdir(parents=True, exist_ok=True)
            resume.write(self.adapted, target)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.adapted is None:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        else:
            resume.restore(self.adapted, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        if self.adapted is None:
            super()._load_best_model()
        else:
            resume.restore(self.adapted, Path(self.state.best_model_checkpoint))
