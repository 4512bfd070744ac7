"""Proves that a saved model opens in the stock library and predicts what the trained model predicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from gliner import GLiNER

from gliexp.errors import RunFailed
from gliexp.models.descriptions import describe, descriptions_of
from gliexp.models.predict import Output, Prediction, Rows, outputs, predict

TOLERANCE = 1e-5
THRESHOLD = 0.5
BATCH_SIZE = 8
_SCORES = ("logits", "span_logits", "rel_logits")


def verify(
    model: Any,
    directory: str | Path,
    rows: Rows,
    entity_types: Sequence[str],
    relation_types: Sequence[str] | None = None,
) -> float:
    """Largest difference of any score, in 0..1, between `model` and the stock library's reload of `directory`.

    Raises RunFailed as `compare` does.
    """
    stock = GLiNER.from_pretrained(str(directory)).to(model.device)
    stock.eval()
    return compare(model, stock, directory, rows, entity_types, relation_types)


def compare(
    model: Any,
    reloaded: Any,
    place: str | Path,
    rows: Rows,
    entity_types: Sequence[str],
    relation_types: Sequence[str] | None = None,
    *,
    tolerance: float = TOLERANCE,
) -> float:
    """Largest difference of any score, in 0..1, between `model` and what was `reloaded` from `place`.

    Every candidate's score is compared, beside the predictions themselves: spans, labels, generated labels, relations.
    Raises RunFailed when the difference exceeds `tolerance`, or when a prediction is not the same.
    """
    describe(reloaded, descriptions_of(model))
    difference = max(_score_differences(model, reloaded, rows, entity_types, relation_types), default=0.0)
    if difference > tolerance:
        raise RunFailed(f"{place} does not reload: scores differ by {difference:.2e}, more than {tolerance:.0e}")
    ours, theirs = (_found(each, rows, entity_types, relation_types) for each in (model, reloaded))
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if _discrete(mine) != _discrete(other):
            raise RunFailed(f"{place} does not reload: row {number} is predicted {other}, was {mine}")
    return difference


def _score_differences(
    model: Any, stock: Any, rows: Rows, entity_types: Sequence[str], relation_types: Sequence[str] | None
) -> Iterator[float]:
    ours = outputs(model, rows, entity_types, relation_types, threshold=THRESHOLD, batch_size=BATCH_SIZE)
    theirs = outputs(stock, rows, entity_types, relation_types, threshold=THRESHOLD, batch_size=BATCH_SIZE)
    for mine, other in zip(ours, theirs, strict=True):
        for name in _SCORES:
            yield _difference(_scores(mine, name), _scores(other, name))


def _scores(output: Output, name: str) -> torch.Tensor | None:
    scores = getattr(output.result, name, None)  # a tensor, or an array of another runtime
    return None if scores is None else torch.as_tensor(scores).float().sigmoid()


def _difference(mine: torch.Tensor | None, other: torch.Tensor | None) -> float:
    if mine is None and other is None:
        return 0.0
    if mine is None or other is None or mine.shape != other.shape:
        return float("inf")
    difference = float((mine - other).abs().max()) if mine.numel() else 0.0
    return float("inf") if math.isnan(difference) else difference


def _found(
    model: Any, rows: Rows, entity_types: Sequence[str], relation_types: Sequence[str] | None
) -> list[Prediction]:
    return predict(model, rows, entity_types, relation_types, threshold=THRESHOLD, flat_ner=True, batch_size=BATCH_SIZE)


def _discrete(prediction: Prediction) -> tuple[Any, ...]:
    entities = {(span.start, span.end, span.label, span.generated) for span in prediction.entities}
    relations = {
        (relation.head.start, relation.head.end, relation.tail.start, relation.tail.end, relation.label)
        for relation in prediction.relations
    }
    return entities, relations
