"""Scores of predicted relations: strict, relaxed, and by cluster where gold says which mentions are one entity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gliexp.training.metrics.counts import Counts, Item

Entity = Sequence[Any]  # (start, end inclusive, label)
Relation = Sequence[Any]  # (index of the head entity, index of the tail entity, label)
Rows = Sequence[Sequence[Any]]

STRICT, RELAXED = 3, 2
"""How many parts of an entity must be right: its borders and label, or its borders."""


def score_relations(
    gold_entities: Rows,
    gold_relations: Rows,
    predicted_entities: Rows,
    predicted_relations: Rows,
    clusters: Sequence[Sequence[Sequence[int]] | None] | None = None,
) -> dict[str, Any]:
    """Scores of relations, whose (head, tail, label) index the entities of their own row and side.

    Strict: the relation's label, both spans and both entity labels are right; relaxed: the entity labels are not asked.
    A relation is a fact: stated twice in a row it counts once. Returns rel_strict/rel_relaxed_micro/macro/weighted_…,
    rel_per_label (strict), and rel_cluster_… where a row has `clusters` (lists of its gold entities' indices): there
    any mention stands for its cluster, and a fact between two clusters counts once. Raises ValueError if the numbers of
    rows differ and IndexError for an index that names no entity.
    """
    sides = ((gold_entities, gold_relations), (predicted_entities, predicted_relations))
    found: dict[str, Any] = {}
    for mode, width in (("strict", STRICT), ("relaxed", RELAXED)):
        scores = relation_counts(*sides[0], *sides[1], width=width).scores(f"rel_{mode}")
        per_label = scores.pop(f"rel_{mode}_per_label")
        found |= scores
        if mode == "strict":
            found["rel_per_label"] = per_label
    if clusters is not None and any(clusters):
        scores = cluster_counts(*sides[0], *sides[1], clusters).scores("rel_cluster")
        scores.pop("rel_cluster_per_label")
        found |= scores
    return found


def relation_counts(
    gold_entities: Rows, gold_relations: Rows, predicted_entities: Rows, predicted_relations: Rows, *, width: int
) -> Counts:
    """Right, said and true facts of each row and label, entities compared by their first `width` parts."""
    return Counts.of(
        _facts(gold_entities, gold_relations, width), _facts(predicted_entities, predicted_relations, width)
    )


def cluster_counts(
    gold_entities: Rows,
    gold_relations: Rows,
    predicted_entities: Rows,
    predicted_relations: Rows,
    clusters: Sequence[Sequence[Sequence[int]] | None],
) -> Counts:
    """Facts between clusters: a mention is known by its borders; one outside of all clusters stands for itself."""
    gold, predicted = (
        _facts(entities, relations, RELAXED)
        for entities, relations in ((gold_entities, gold_relations), (predicted_entities, predicted_relations))
    )
    for row, (entities, of_row) in enumerate(zip(gold_entities, clusters, strict=True)):
        number = {
            tuple(entities[index][:RELAXED]): place for place, cluster in enumerate(of_row or ()) for index in cluster
        }
        for side in (gold, predicted):
            side[row] = {(number.get(head, head), number.get(tail, tail), label) for head, tail, label in side[row]}
    return Counts.of(gold, predicted)


def _facts(entities: Rows, relations: Rows, width: int) -> list[set[Item]]:
    if len(entities) != len(relations):
        raise ValueError(f"entities and relations differ in their number of rows: {[len(entities), len(relations)]}")
    return [_of_row(*row, width) for row in zip(entities, relations, strict=True)]


def _of_row(entities: Sequence[Entity], relations: Iterable[Relation], width: int) -> set[Item]:
    """Relations as (head, tail, label), each end being the first `width` parts of its entity."""
    facts = set()
    for head, tail, label in relations:
        if head < 0 or tail < 0:
            raise IndexError(f"relation ({head}, {tail}, {label}) names no entity")
        facts.add((tuple(entities[head][:width]), tuple(entities[tail][:width]), label))
    return facts
