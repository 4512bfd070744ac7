"""How the spans of one row lie to one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

NESTED = "nested"
OVERLAPPING = "overlapping"
SHARED = "one span, several labels"


def crossings(entities: Sequence[Sequence[Any]]) -> Counter[str]:
    """Counts the entities (start, end inclusive, label) that lie inside another, cross another, or share its span.

    An entity counts once under each heading. A flat model (data.flat_ner=true) can predict one of each such group.
    """
    counts: Counter[str] = Counter()
    labels = Counter((start, end) for start, end, _ in entities)
    counts[SHARED] = sum(number for number in labels.values() if number > 1)
    spans = sorted(labels, key=lambda span: (span[0], -span[1]))
    opened: list[tuple[int, int]] = []
    crossed: set[tuple[int, int]] = set()
    for span in spans:
        opened = [other for other in opened if other[1] >= span[0]]
        if any(other[1] >= span[1] for other in opened):
            counts[NESTED] += labels[span]
        for other in opened:
            if other[1] < span[1] and other[0] < span[0]:
                crossed |= {other, span}
        opened.append(span)
    counts[OVERLAPPING] = sum(labels[span] for span in crossed)
    return +counts
