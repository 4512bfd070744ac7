"""What the HF Trainer keeps in its loop and not in its checkpoints, so that a resumed loop is the same loop."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gliexp.training.manifest import Damaged


@dataclass
class Due:
    """What was still to be done at the step of a checkpoint.

    The loop has a round of logging, evaluation and saving after a step, and one more at an epoch's end. `in_epoch_end`
    says which of them the checkpoint was written in; `evaluate` and `save`, what of that round remained; `stop`, that
    training was to end (the last step, or early stopping).
    """

    in_epoch_end: bool = False
    evaluate: bool = False
    save: bool = False
    stop: bool = False


@dataclass
class Progress:
    """`loss` is the sum since the last logged step, `total_loss` the sum of what was logged before.

    `gradient_norm` and `learning_rate` are those of the last step, which a log at the epoch's end shows. `own` is what
    a kind of trainer adds; see `Resumable.running_state`.
    """

    due: Due
    loss: float
    total_loss: float
    logged_step: int
    gradient_norm: float | None
    learning_rate: float | None
    own: dict[str, Any] = field(default_factory=dict)

    def write(self, directory: Path, rank: int) -> None:
        """Write one process's part of a checkpoint."""
        (directory / _name(rank)).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, directory: Path, rank: int) -> Progress:
        """What a process kept; one that was not there goes on with the first one's. Raises Damaged."""
        path = directory / _name(rank)
        path = path if path.exists() else directory / _name(0)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(**{**content, "due": Due(**content["due"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Damaged(f"{path.name} cannot be read: {error}") from error


def _name(rank: int) -> str:
    return f"progress-{rank}.json"
