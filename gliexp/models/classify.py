"""Scores of labels for texts: raw ones, and what they mean under each problem type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from gliexp.config.schema.classifier import MULTI, REGRESSION
from gliexp.models.class_inputs import ClassInputs, LabelsTooLong
from gliexp.models.predict import undisturbed

Row = Mapping[str, Any]


def logits(
    model: Any, inputs: ClassInputs, rows: Sequence[Row], labels: Sequence[Sequence[str]], batch_size: int
) -> list[torch.Tensor]:
    """Raw scores (number of the row's labels) on CPU in float32, in the order of the rows.

    Long texts go first, in batches of like length. Labels that leave no room for the text are asked in parts. The
    model's mode and all random states are put back. Raises LabelsTooLong where a single label leaves no room.
    """
    asked = [(row, part) for row, own in zip(rows, labels, strict=True) for part in parts(inputs, row, own)]
    found = [torch.empty(0)] * len(asked)
    order = sorted(range(len(asked)), key=lambda number: -len(asked[number][0]["text"]))
    for start in range(0, len(order), batch_size):
        numbers = order[start : start + batch_size]
        batch = inputs.batch([asked[number][0] for number in numbers], [asked[number][1] for number in numbers])
        moved = {key: value.to(model.device) if torch.is_tensor(value) else value for key, value in batch.items()}
        with undisturbed(model), torch.inference_mode():
            scores = model(**moved).logits.float().cpu()
        for place, number in enumerate(numbers):
            found[number] = scores[place, : len(asked[number][1])].clone()
    waiting = iter(found)
    return [_joined(waiting, len(own)) for own in labels]


def parts(inputs: ClassInputs, row: Row, labels: Sequence[str]) -> list[Sequence[str]]:
    """The labels as they are, or in parts of at most inputs.labels_at_once, each with room for the row's text.

    Raises LabelsTooLong where a single label leaves no room.
    """
    most = inputs.labels_at_once
    if most is not None and len(labels) > most:
        cut = [labels[start : start + most] for start in range(0, len(labels), most)]
        return [part for one in cut for part in parts(inputs, row, one)]
    try:
        inputs.read(row, labels)
    except LabelsTooLong:
        if len(labels) == 1:
            raise
        middle = len(labels) // 2
        return [*parts(inputs, row, labels[:middle]), *parts(inputs, row, labels[middle:])]
    return [labels]


def _joined(parts: Iterator[torch.Tensor], count: int) -> torch.Tensor:
    """The next of `parts` that have `count` scores together."""
    taken = [torch.empty(0)]
    while sum(map(len, taken)) < count:
        taken.append(next(parts))
    return torch.cat(taken)


def meaning(scores: torch.Tensor, problem: str | None) -> torch.Tensor:
    """What raw scores of one row say: probabilities of each label by itself (multi-label) or of the one right label.

    Regression, and null with a single label, predict the scores themselves.
    """
    if problem == MULTI:
        return scores.sigmoid()
    if problem == REGRESSION or (problem is None and len(scores) == 1):
        return scores
    return scores.softmax(dim=-1)


def chosen(values: torch.Tensor, problem: str | None, threshold: float) -> list[int]:
    """Numbers of the labels that a row is given: all from the threshold on (multi-label), else the likeliest one."""
    if problem == MULTI:
        return [number for number, value in enumerate(values.tolist()) if value >= threshold]
    if problem == REGRESSION or (problem is None and len(values) == 1):
        return []
    return [int(values.argmax())]
