"""How often each label is given in the rows of a split; a label that a row only offers counts too, as 0."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gliexp.data.rows import Rows


def entity_counts(rows: Rows) -> Counter[str]:
    """Of entities."""
    spans = rows.spans()
    counted = np.bincount(spans.label, minlength=len(spans.labels)).tolist()
    counts = Counter({label: count for label, count in zip(spans.labels, counted, strict=True) if count})
    counts.update(dict.fromkeys(_offered(rows, "entity_offered"), 0))
    return counts


def relation_counts(rows: Rows) -> Counter[str]:
    """Of relations."""
    counts = Counter(rows.relation_counts())
    counts.update(dict.fromkeys(_offered(rows, "relation_offered"), 0))
    return counts


def _offered(rows: Rows, name: str) -> set[str]:
    """The labels that rows offer by themselves."""
    return {label for labels in rows.label_sets() for label in getattr(labels, name) or ()}
