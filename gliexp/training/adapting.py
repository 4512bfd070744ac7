"""What a trainer does for a model under adapters: checkpoints of what trained, and AdaLoRA's part in each step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from gliexp.models.adapters import Adapted, budget, resume
from gliexp.training.callbacks import RankBudget


class Adapting:
    """Goes in front of a Strict trainer. `adapted` says which adapters the model wears, None that it wears none."""

    args: Any
    state: Any
    adapted: Adapted | None

    def __init__(self, model: Any, args: Any, *, adapted: Adapted | None = None, **others: Any) -> None:
        self.adapted = adapted
        super().__init__(model, args, **others)  # type: ignore[call-arg]
        if adapted is not None and budget.tuners(adapted.model):
            self.add_callback(RankBudget(adapted.model))  # type: ignore[attr-defined]

    def penalty(self) -> torch.Tensor | None:
        """What AdaLoRA adds to the loss of a batch."""
        return budget.regularisation(self.adapted.model) if self.adapted is not None else None

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """A checkpoint of adapters holds what trained; a GLiNER's own would reload with a random backbone, silently."""
        self._average(True)  # type: ignore[attr-defined]
        if self.adapted is None:
            super()._save(output_dir, state_dict)  # type: ignore[misc]
        elif self.args.should_save:
            target = Path(output_dir or self.args.output_dir)
            target.mkdir(parents=True, exist_ok=True)
            resume.write(self.adapted, target)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        if self.adapted is None:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
        else:
            resume.restore(self.adapted, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        if self.adapted is None:
            super()._load_best_model()  # type: ignore[misc]
        else:
            resume.restore(self.adapted, Path(self.state.best_model_checkpoint))
