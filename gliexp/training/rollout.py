"""What reinforcement needs of a batch beside its tensors: the questions that were asked, and chance for the actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import torch

from gliexp.models import classify
from gliexp.models.gliclass import Classifier
from gliexp.training.bundle import RandomState
from gliexp.training.class_collator import ClassCollator
from gliexp.training.rows import DrawnRow

CHANCE = "chance"
"""Batch entry (B, most labels): a uniform number in 0..1 for each label, by which its action is drawn."""
QUESTIONS = "questions"
"""Batch entry: a Question for each row."""


Question = Mapping[str, Any]
"""{"row": as it was read, "labels": that it is asked about, in the order of the prompt}."""


class RolloutCollator(ClassCollator):
    """Batches of ClassCollator with CHANCE and QUESTIONS, a function of (seed, epoch, row) like all the rest.

    So actions do not depend on the process that takes them, on batch mates, or on where a run was interrupted.
    """

    def __call__(self, drawn: Sequence[DrawnRow]) -> dict[str, Any]:
        batch = super().__call__(drawn)
        questions = [{"row": row, "labels": labels} for row, labels in map(self.question, drawn)]
        longest = max(len(question["labels"]) for question in questions)
        chance = torch.zeros(len(drawn), longest)
        for place, (item, question) in enumerate(zip(drawn, questions, strict=True)):
            draw = Random(f"gliexp actions {self.seed} {item.draw.epoch} {item.draw.number}")
            chance[place, : len(question["labels"])] = torch.tensor([draw.random() for _ in question["labels"]])
        return {**batch, CHANCE: chance, QUESTIONS: questions}


@dataclass(frozen=True)
class Reference:
    """Another classifier, which the policy is held to. It is asked the same questions in its own words."""

    classifier: Classifier
    max_length: int

    def probabilities(self, questions: Sequence[Question], slots: int) -> torch.Tensor:
        """What it gives each label, (B, slots) on its device; 0.5 where there is no label."""
        model = self.classifier.model
        scores = classify.logits(
            model,
            self.classifier.inputs(self.max_length),
            [question["row"] for question in questions],
            [question["labels"] for question in questions],
            batch_size=len(questions),
        )
        found = torch.full((len(questions), slots), 0.5)
        for place, row in enumerate(scores):
            found[place, : len(row)] = row.sigmoid()
        return found.to(model.device)


@contextmanager
def drawn_again(chances: RandomState, device: torch.device) -> Iterator[None]:
    """Draw the dropout that was drawn from `chances` once more, and leave all generators as they are."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        chances.restore()
        yield
