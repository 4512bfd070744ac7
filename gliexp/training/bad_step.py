"""A step that must not pass: what was wrong with it, what likely caused it, and what a trainer is to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

NON_FINITE, EXCEPTION, NO_LABEL, ZERO_LOSS, UNREACHED, MEMORY = (
    "non-finite",
    "exception",
    "no label",
    "zero loss",
    "unreached",
    "memory",
)
STOP, SKIP_AND_COUNT = "stop", "skip_and_count"
ON_BAD_STEP = (STOP, SKIP_AND_COUNT)
ON_UNREACHED = (STOP, "warn")
NAMED = 3  # tensors named in a message


@dataclass(frozen=True)
class StepRules:
    """What a trainer does about bad steps.

    `on_bad_step` holds for non-finite losses, gradients and metrics alone; everything else stops. After
    `zero_loss_steps` steps in a row with a loss of exactly 0 the run stops (None: never). `bundles` is the directory in
    which bad batches are kept (None: they are not), `config` the resolved config that is kept with them.
    """

    on_bad_step: str = STOP
    zero_loss_steps: int | None = 10
    on_unreached: str = STOP
    bundles: Path | None = None
    config: Path | None = None

    @property
    def skips(self) -> bool:
        """Whether a non-finite step is left out and counted."""
        return self.on_bad_step == SKIP_AND_COUNT


class BadStep(Exception):
    """Raised within a step; the trainer adds the step's number and rows."""

    def __init__(self, kind: str, what: str, causes: str = "", *, can_be_skipped: bool = False) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.causes = causes
        self.can_be_skipped = can_be_skipped

    def __str__(self) -> str:
        return f"{self.what}. Likely causes: {self.causes}" if self.causes else self.what


def non_finite(what: str, model: Any, inputs: Mapping[str, Any], args: Any, rate: float | None = None) -> BadStep:
    """A bad step whose loss or gradient norm is no number; looks for what was no number before it."""
    found: list[str] = []
    damaged = [name for name, tensor in model.named_parameters() if not torch.isfinite(tensor).all()]
    if damaged:
        found.append(f"weights that are not finite already ({_some(damaged)}), from the start or a step before")
    wrong = [
        name
        for name, value in inputs.items()
        if torch.is_tensor(value) and value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if wrong:
        found.append(f"inputs that are not finite ({_some(wrong)})")
    if not found:
        shown = "" if rate is None else f" (it is {rate:g} now)"
        found.append(f"a learning rate too high{shown}")
        found += list(_precision(args))
        if not args.max_grad_norm:
            found.append("gradients that are not clipped (training.max_grad_norm is 0)")
        found.append("damaged labels or rows of these")
    # With damaged weights every step to come is as bad.
    return BadStep(NON_FINITE, what, ", ".join(found), can_be_skipped=not damaged)


def _precision(args: Any) -> Iterator[str]:
    if getattr(args, "fp16", False):
        yield "fp16 overflow (try training.bf16=true)"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
