"""Long documents as chunks: rows of their own, whose entities and relations are those of the document.

A chunk holds every entity that lies whole in its window, so one in the words that two chunks share is in both, and
every relation whose two ends it holds. `data/windows.py` says where the windows are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gliexp.data.row import Example
from gliexp.data.windows import Budget, Window, WindowRule

Row = Mapping[str, Any]
Budgets = Callable[[Row], Sequence[Budget]]


class Chunk(NamedTuple):
    """A row cut out of a document: the document's number (from 0), the words it covers, and the row itself."""

    document: int
    window: Window
    example: Example


@dataclass
class Chunked:
    """The chunks of some documents, in the documents' order, and what was counted on the way.

    `windows` has all windows of each document, those of chunks that were left out as `empty` too. `cut` documents
    became more than one chunk; `halved` counts entities that a chunk shows in part, once a chunk; `tight` counts chunks
    that a budget and not max_words made end where they end.
    """

    chunks: list[Chunk] = field(default_factory=list)
    windows: list[list[Window]] = field(default_factory=list)
    cut: int = 0
    halved: int = 0
    empty: int = 0
    tight: int = 0


@dataclass(frozen=True)
class Chunker:
    """Cuts documents by one rule. `budgets` says for a row what a window of it may cost beside its words."""

    rule: WindowRule
    budgets: Budgets | None = None

    def cut(self, rows: Iterable[Row], *, gold: bool = False, drop_empty: bool = False) -> Chunked:
        """The chunks of `rows`; a row that fits in one window stays as it is.

        `gold` keeps borders off the rows' own entities, which only training may know. `drop_empty` leaves out chunks
        without an entity.
        """
        found = Chunked()
        for number, row in enumerate(rows):
            budgets = self.budgets(row) if self.budgets is not None else ()
            windows = self.rule.windows(row["tokenized_text"], row["ner"] if gold else (), budgets)
            found.windows.append(windows)
            found.cut += len(windows) > 1
            for window in windows:
                example = dict(row) if len(windows) == 1 else part(row, window)
                found.halved += sum(_is_halved(window, first, last) for first, last, _ in row["ner"])
                found.tight += any(self._is_tight(window, budget) for budget in budgets)
                if drop_empty and not example["ner"]:
                    found.empty += 1
                else:
                    found.chunks.append(Chunk(number, window, example))
        return found

    def _is_tight(self, window: Window, budget: Budget) -> bool:
        return sum(budget.costs[window.start : window.start + self.rule.max_words]) > budget.room


def part(row: Row, window: Window) -> Example:
    """The part of `row` in `window`, in positions of its own; offered labels and all else are the row's."""
    kept = [index for index, (first, last, _) in enumerate(row["ner"]) if window.holds(first, last)]
    moved = {index: place for place, index in enumerate(kept)}
    entities = [row["ner"][index] for index in kept]
    example = {
        **row,
        "tokenized_text": list(row["tokenized_text"][window.start : window.end]),
        "ner": [[first - window.start, last - window.start, label] for first, last, label in entities],
    }
    if "clusters" in row:
        example["clusters"] = [[moved[index] for index in cluster if index in moved] for cluster in row["clusters"]]
    if "relations" in row:
        example["relations"] = [
            [moved[head], moved[tail], label]
            for head, tail, label in row["relations"]
            if head in moved and tail in moved
        ]
    return example


def _is_halved(window: Window, first: int, last: int) -> bool:
    """Whether the window shows some of the span's words and not all."""
    return first < window.end and last >= window.start and not window.holds(first, last)
