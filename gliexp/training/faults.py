"""What becomes of a bad step: its batch is kept, its rows are named, and it is left out and counted or ends the run."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gliexp.errors import RunFailed
from gliexp.training import bundle
from gliexp.training.bad_step import BadStep, StepRules
from gliexp.training.bundle import MicroBatch, RandomState
from gliexp.training.watched import FAILED

logger = logging.getLogger("gliexp")

NAMED_ROWS = 16  # rows named in an error message; a batch of hundreds would bury the cause
MOST_IN_A_ROW = 10  # steps left out one after another before the run is given up: nothing trains
KEPT_BUNDLES = 3  # a run that leaves bad steps out keeps the first ones


@dataclass
class Step:
    """What is known of the optimizer step that is being made."""

    batches: list[MicroBatch] = field(default_factory=list)
    random: RandomState | None = None
    all_zero: bool = True
    skipped: bool = False
    overflow: bool = False


class Faults:
    """The part of a trainer that deals with bad steps.

    `rules` say what is done about them; `skipped_steps` are the numbers of those that were left out, `bundles` the
    directories of the batches that were kept.
    """

    rules = StepRules()

    accelerator: Any
    state: Any
    model: Any
    rows: Sequence[Mapping[str, Any]]
    places: Sequence[str]
    step: Step
    skipped_steps: list[int]
    bundles: list[str]

    def counts(self) -> dict[str, Any]:
        """What run.json says of the steps."""
        return {"skipped": len(self.skipped_steps), "steps": self.skipped_steps[:100], "bundles": self.bundles}

    def _may_skip(self, bad: BadStep) -> bool:
        return bad.can_be_skipped and self.rules.skips and not self._in_a_row(MOST_IN_A_ROW)

    def _in_a_row(self, steps: int) -> bool:
        """Whether that many steps before this one were left out without a good one between them."""
        return self.skipped_steps[-steps:] == list(
            range(self.state.global_step + 1 - steps, self.state.global_step + 1)
        )

    def _met(self, bad: BadStep, batch: MicroBatch | None = None) -> None:
        """Keep the batch; then leave the step out and count it, or end the run."""
        numbers = batch.numbers if batch else [number for kept in self.step.batches for number in kept.numbers]
        message = f"{self._place(numbers)}: {bad}"
        kept = self._bundle(bad, message)
        if kept:
            message += f"\nthe batch is kept; to run it again: {kept}"
        if not self._may_skip(bad):
            if bad.can_be_skipped and self.rules.skips:
                message += f"\n{MOST_IN_A_ROW} steps in a row were left out before this one"
            raise RunFailed(message) from bad.__cause__
        logger.warning("left out: %s", message)
        self.step.skipped = True
        self.skipped_steps.append(self.state.global_step + 1)

    def _bundle(self, bad: BadStep, message: str) -> str:
        """Write the bundle and return the command that reproduces the step; empty where nothing was written."""
        if self.rules.bundles is None or len(self.bundles) >= KEPT_BUNDLES or not self.step.batches:
            return ""
        if any(FAILED in batch.inputs for batch in self.step.batches):
            return ""  # there is no batch
        rank = self.accelerator.process_index
        directory = self.rules.bundles / f"step-{self.state.global_step + 1}{f'-rank{rank}' if rank else ''}"
        facts = {
            "step": self.state.global_step + 1,
            "epoch": self.state.epoch,
            "rank": rank,
            "kind": bad.kind,
            "error": message,
            "rows": [
                {"number": number, "place": self.places[number] if self.places else None}
                for batch in self.step.batches
                for number in batch.numbers
            ],
            "learning_rate": self._rate(),
            "accumulation": getattr(self, "current_gradient_accumulation_steps", 1),
        }
        try:
            bundle.write(
                directory,
                facts,
                batches=self.step.batches,
                rows=self.rows,
                random=self.step.random or RandomState.now(),
                model=self.accelerator.unwrap_model(self.model),
                config=self.rules.config,
            )
        except OSError as error:
            logger.warning("the bad batch could not be kept in %s: %s", directory, error)
            return ""
        self.bundles.append(str(directory))
        return bundle.command(directory)

    def _rate(self) -> float | None:
        scheduler = getattr(self, "lr_scheduler", None)
        return None if scheduler is None else float(scheduler.get_last_lr()[0])

    def _place(self, numbers: Sequence[int]) -> str:
        return f"step {self.state.global_step + 1}, {self.named(numbers)}"

    def named(self, numbers: Sequence[int]) -> str:
        """Training rows by number and, where known, by file and line."""
        shown = ", ".join(self._named(number) for number in numbers[:NAMED_ROWS])
        more = f" and {len(numbers) - NAMED_ROWS} more" if len(numbers) > NAMED_ROWS else ""
        return f"training rows {shown}{more} (counted from 0)"

    def _named(self, number: int) -> str:
        return f"{number} ({self.places[number]})" if self.places else str(number)
