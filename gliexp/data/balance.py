"""How much each label's entities count in the loss, so that rare labels are learned beside frequent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

CAP = 10.0
"""No label counts more than this many times the most frequent one: a label seen once would shake every step."""


def label_weights(rows: Iterable[Mapping[str, Any]], power: float) -> dict[str, float]:
    """Label → (count of the most frequent label / its own count) to the `power`, at most CAP; at least 1.

    0 weighs all alike, 0.5 is the square root that Mikolov et al. (arXiv 1310.4546) and Mahajan et al. (arXiv
    1805.00932, section 2.2) use for sampling, 1 makes every label count the same in sum.
    """
    counts = Counter(label for row in rows for _, _, label in row["ner"])
    most = max(counts.values(), default=1)
    return {label: min(CAP, float((most / count) ** power)) for label, count in sorted(counts.items())}
