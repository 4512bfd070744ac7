"""Scores of predicted entities: exact ones, and three that forgive a wrong border or a wrong label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliexp.training.metrics.counts import Counts, Item
from gliexp.training.metrics.partial import score_partial

Entity = Sequence[Any]  # (start, end inclusive, label)


def entity_counts(gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]) -> Counts:
    """Right, said and true entities of each row and label. An entity is right if start, end and label are."""
    return Counts.of(*([[_item(entity) for entity in row] for row in side] for side in (gold, predicted)))


def score_entities(gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]) -> dict[str, Any]:
    """Scores of entities, one list of (start, end, label) for each row in both arguments; they may nest and overlap.

    Returns ner_micro/macro/weighted_precision/recall/f1 and ner_per_label (label → precision, recall, f1, support) of
    exact entities, and ner_boundary/partial/type_precision/recall/f1 (see score_partial). Raises ValueError if the
    numbers of rows differ.
    """
    return entity_counts(gold, predicted).scores("ner") | score_partial(gold, predicted)


def _item(entity: Entity) -> Item:
    start, end, label = entity
    return start, end, label
