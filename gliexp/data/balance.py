"""How much each label's entities count in the loss, so that rare labels are learned beside frequent ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gliexp.data.row import Example
from gliexp.data.rows import Rows

CAP = 10.0
"""No label counts more than this many times the most frequent one: a label seen once would shake every step."""


def label_weights(rows: Sequence[Example], power: float) -> dict[str, float]:
    """Label → (count of the most frequent label / its own count) to the `power`, at most CAP; at least 1.

    0 weighs all alike, 0.5 is the square root that Mikolov et al. (arXiv 1310.4546) and Mahajan et al. (arXiv
    1805.00932, section 2.2) use for sampling, 1 makes every label count the same in sum.
    """
    spans = Rows.of(rows).spans()
    counted = np.bincount(spans.label, minlength=len(spans.labels)).tolist()
    counts = {label: count for label, count in zip(spans.labels, counted, strict=True) if count}
    most = max(counts.values(), default=1)
    return {label: min(CAP, float((most / count) ** power)) for label, count in sorted(counts.items())}
