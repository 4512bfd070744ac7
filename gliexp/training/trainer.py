"""gliner's Trainer with an evaluation that scores spans, seeded batches, and no step that fails in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gliner.training import Trainer as LibraryTrainer

from gliexp.training.collator import TrainingCollator
from gliexp.training.evaluation import Evaluation
from gliexp.training.strict import Strict

ENCODER = "token_rep_layer"  # gliner's own name for everything that encodes text and labels


class Trainer(Strict, LibraryTrainer):  # type: ignore[misc]  # gliner carries no types
    """Trains a GLiNER on `rows` and scores it on `dev_rows` with one fixed label set.

    `places` (file:line of each row) name rows in errors. Everything else (arguments, callbacks, checkpoints, schedules)
    is the HF Trainer's.
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
        **others: Any,
    ) -> None:
        super().__init__(
            model,
            args,
            rows=rows,
            dev_rows=dev_rows,
            lengths=[len(row["tokenized_text"]) for row in rows],
            collator=collator,
            evaluation=evaluation,
            encodes=lambda name: ENCODER in name,
            places=places,
            **others,
        )
