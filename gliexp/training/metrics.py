"""Scores of predicted entities and relations. Exact spans, fractions from 0 to 1, and 0 wherever 0 is divided by 0.

So an empty prediction on empty gold scores 0, as in seqeval: nothing was found right. Macro averages run over every
label that gold or prediction holds, also as in seqeval.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Entity = Sequence[Any]  # (start, end inclusive, label)
Relation = Sequence[Any]  # (index of the head entity, index of the tail entity, label)


def score_entities(gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]) -> dict[str, Any]:
    """Scores of entities, one list of (start, end, label) for each row in both arguments.

    An entity is right if start, end and label are; equal ones count as often as they occur (multisets). Returns
    ner_micro_precision, ner_micro_recall, ner_micro_f1, ner_macro_precision, ner_macro_recall, ner_macro_f1 and
    ner_per_label (label → precision, recall, f1, support). Raises ValueError if the numbers of rows differ.
    """
    _same_length(gold, predicted)
    right, said, true = Counter[str](), Counter[str](), Counter[str]()
    for gold_row, predicted_row in zip(gold, predicted, strict=True):
        gold_counts = Counter((start, end, label) for start, end, label in gold_row)
        predicted_counts = Counter((start, end, label) for start, end, label in predicted_row)
        _add(true, gold_counts)
        _add(said, predicted_counts)
        if gold_counts and predicted_counts:
            _add(right, gold_counts & predicted_counts)
    per_label = _per_label(right, said, true)
    micro = _ratios(right.total(), said.total(), true.total())
    scores: dict[str, Any] = {f"ner_micro_{name}": value for name, value in micro.items()}
    for name in ("precision", "recall", "f1"):
        scores[f"ner_macro_{name}"] = _mean([row[name] for row in per_label.values()])
    scores["ner_per_label"] = per_label
    return scores


def score_relations(
    gold_entities: Sequence[Sequence[Entity]],
    gold_relations: Sequence[Sequence[Relation]],
    predicted_entities: Sequence[Sequence[Entity]],
    predicted_relations: Sequence[Sequence[Relation]],
) -> dict[str, Any]:
    """Scores of relations, whose (head, tail, label) index the entities of their own row and side.

    Strict: the relation's label, both spans and both entity labels are right; relaxed: the entity labels are not asked.
    A relation is a fact: stated twice in a row it counts once. Returns rel_strict_micro_precision/recall/f1,
    rel_relaxed_micro_precision/recall/f1 and rel_per_label (strict). Raises ValueError if the numbers of rows differ
    and IndexError for an index that names no entity.
    """
    _same_length(gold_entities, gold_relations, predicted_entities, predicted_relations)
    scores: dict[str, Any] = {}
    for mode, width in (("strict", 3), ("relaxed", 2)):
        right, said, true = Counter[str](), Counter[str](), Counter[str]()
        for g_ents, g_rels, p_ents, p_rels in zip(
            gold_entities, gold_relations, predicted_entities, predicted_relations, strict=True
        ):
            gold, predicted = _facts(g_ents, g_rels, width), _facts(p_ents, p_rels, width)
            true.update(fact[2] for fact in gold)
            said.update(fact[2] for fact in predicted)
            right.update(fact[2] for fact in gold & predicted)
        micro = _ratios(right.total(), said.total(), true.total())
        scores.update({f"rel_{mode}_micro_{name}": value for name, value in micro.items()})
        if mode == "strict":
            scores["rel_per_label"] = _per_label(right, said, true)
    return scores


def _facts(entities: Sequence[Entity], relations: Iterable[Relation], width: int) -> set[tuple[Any, Any, str]]:
    """Relations as (head, tail, label), each end being the first `width` parts of its entity."""
    facts = set()
    for head, tail, label in relations:
        if head < 0 or tail < 0:
            raise IndexError(f"relation ({head}, {tail}, {label}) names no entity")
        facts.add((tuple(entities[head][:width]), tuple(entities[tail][:width]), label))
    return facts


def _add(by_label: Counter[str], counts: Mapping[tuple[Any, Any, str], int]) -> None:
    for (_, _, label), count in counts.items():
        by_label[label] += count


def _per_label(right: Counter[str], said: Counter[str], true: Counter[str]) -> dict[str, dict[str, float]]:
    """Scores by label, sorted by label; `support` is how often gold holds it."""
    return {
        label: {**_ratios(right[label], said[label], true[label]), "support": true[label]}
        for label in sorted(set(true) | set(said))
    }


def _ratios(right: int, said: int, true: int) -> dict[str, float]:
    return {
        "precision": right / said if said else 0.0,
        "recall": right / true if true else 0.0,
        "f1": 2 * right / (said + true) if said + true else 0.0,
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _same_length(*columns: Sequence[Any]) -> None:
    lengths = [len(column) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"gold and predicted differ in their number of rows: {lengths}")
