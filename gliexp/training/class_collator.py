"""Turns drawn classification rows into a batch: labels offered, text and labels read, targets beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from gliexp.config.schema.classifier import SINGLE
from gliexp.data.augmentation import Augmenter
from gliexp.data.classes import ClassSampler
from gliexp.errors import RunFailed
from gliexp.models.class_inputs import ClassInputs, LabelsTooLong
from gliexp.training.collator import ROWS
from gliexp.training.rows import DrawnRow


class ClassCollator:
    """A pure function of (seed, draws); rows are read and never changed."""

    def __init__(
        self,
        inputs: ClassInputs,
        labels: ClassSampler,
        seed: int,
        *,
        problem: str | None,
        ignored: int = -100,
        augment: Augmenter | None = None,
    ) -> None:
        self.inputs = inputs
        self.labels = labels
        self.seed = seed
        self.problem = problem
        self.ignored = ignored
        self.augment = augment

    def __call__(self, drawn: Sequence[DrawnRow]) -> dict[str, Any]:
        numbers = [item.draw.number for item in drawn]
        shown = [self.question(item) for item in drawn]
        rows, asked = [row for row, _ in shown], [labels for _, labels in shown]
        try:
            batch = self.inputs.batch(rows, asked)
        except LabelsTooLong as error:
            raise RunFailed(f"training rows {', '.join(map(str, numbers))} (counted from 0): {error}") from error
        batch["labels"] = targets(rows, asked, self.problem, self.ignored)
        batch[ROWS] = numbers
        return batch

    def question(self, item: DrawnRow) -> tuple[Mapping[str, Any], list[str]]:
        """A drawn row as it is read, and the labels that it is asked about, in the order of the prompt.

        Where an augmented row leaves no room for its text, it is read as it is.
        """
        at = {"seed": self.seed, "epoch": item.draw.epoch, "index": item.draw.number}
        asked = self.labels.offer(item.row, **at)
        if self.augment is None:
            return item.row, asked
        row, labels = self.augment(item.row, asked, **at)
        try:
            self.inputs.read(row, labels)
        except LabelsTooLong:
            return item.row, asked
        return row, labels


def targets(
    rows: Sequence[Mapping[str, Any]], asked: Sequence[Sequence[str]], problem: str | None, ignored: int
) -> torch.Tensor:
    """Scores (B, most labels of a row) in the order asked, padded with `ignored`; one index (B) for single-label."""
    if problem == SINGLE:
        held = [max(row["true"], key=row["true"].get) for row in rows]
        return torch.tensor([labels.index(label) for labels, label in zip(asked, held, strict=True)])
    longest = max(len(labels) for labels in asked)
    scores = [[row["true"].get(label, 0.0) for label in labels] for row, labels in zip(rows, asked, strict=True)]
    return torch.tensor([row + [float(ignored)] * (longest - len(row)) for row in scores])
