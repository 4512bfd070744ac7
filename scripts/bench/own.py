"""gliexp's side: the trainer that a run makes of the case's config, on the first rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliexp.config.compose import Composed, compose
from gliexp.data.splits import Splits, load
from gliexp.runs.families import family


@dataclass(frozen=True)
class Composition:
    """A case composed and its rows read; `rows` training rows drawn evenly over the file."""

    composed: Composed
    splits: Splits

    @classmethod
    def of(cls, overrides: Sequence[str], rows: int, dev: int) -> Composition:
        """Read the case's data and keep so many rows."""
        composed = compose(list(overrides))
        splits = load(composed.config.data, composed.config.run.task, seed=composed.config.run.seed)
        for name, most in (("train", rows), ("dev", dev)):
            held = getattr(splits, name)
            numbers = [place * len(held) // most for place in range(most)] if len(held) > most else range(len(held))
            setattr(splits, name, held.select(list(numbers)))
            places = splits.places.get(name)
            if places:
                splits.places[name] = [places[number] for number in numbers]
        splits.test = splits.test[:0]
        return cls(composed, splits)

    @property
    def task(self) -> str:
        """The case's task."""
        return self.composed.config.run.task

    def built(self) -> Any:
        """The model that both sides begin with, or that `model.from_pretrained` names."""
        return family(self.task).stages.build_model(self.composed)

    def trainer(self) -> Any:
        """A run's trainer, with all that it checks at each step."""
        stages = family(self.task).stages
        built = self.built()
        shown = stages.shown(self.composed, built, self.splits)
        place = Path(tempfile.mkdtemp(prefix="gliexp-bench-"))
        return stages.make_trainer(self.composed, built, shown, place, [])
