"""What is in a file of classification rows, in the same figures as a file of entities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gliexp.data.audit import Audit, TokenCounter
from gliexp.data.collisions import collisions
from gliexp.data.row import Example
from gliexp.data.spread import Spread
from gliexp.data.twins import Line


@dataclass
class ClassAudit(Audit):
    """One file's figures: `entity_labels` counts true labels, `words` what stands between spaces of the text.

    `offered_labels` are labels that rows offer, with the number of rows; `offered_per_row` how many of them a row
    offers; `graded` counts rows whose true labels have scores other than 1. An empty row has no true label.
    """

    offered_labels: Counter[str] = field(default_factory=Counter)
    offered_per_row: Spread = field(default_factory=Spread)
    graded: int = 0

    @property
    def collisions(self) -> list[tuple[str, ...]]:
        """Labels that look like one label spelled in several ways."""
        return collisions({*self.entity_labels, *self.offered_labels})

    def add(self, line: Line, row: Example, count_tokens: TokenCounter | None = None) -> None:
        """Count one good row, as ClassRowReader gives it."""
        self.rows += 1
        words = row["text"].split()
        self.words.add(len(words))
        if count_tokens is not None:
            self.sub_tokens.add(count_tokens(words))
        held = [label for label, score in row["true"].items() if score > 0]
        self.entity_labels.update(held)
        self.labels_per_row.add(len(held))
        self.empty_rows += not held
        self.graded += any(score not in (0, 1) for score in row["true"].values())
        if "all_labels" in row:
            self.offered_labels.update(row["all_labels"])
            self.offered_per_row.add(len(row["all_labels"]))
        self.twins.add(line, row)

    def figures(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        shared = super().figures()
        for name in ("span_widths", "entities", "relations", "entity_labels", "relation_labels", "crossings"):
            del shared[name]
        return shared | {
            "true_labels": dict(self.entity_labels.most_common()),
            "true_labels_per_row": self.labels_per_row.figures(),
            "offered_labels": dict(self.offered_labels.most_common()),
            "offered_per_row": self.offered_per_row.figures() if self.offered_per_row.total else None,
            "graded_rows": self.graded,
        }
