"""Long documents as chunks: rows of their own, whose entities and relations are those of the document.

A chunk holds every entity that lies whole in its window, so one in the words that two chunks share is in both, and
every relation whose two ends it holds. `data/windows.py` says where the windows are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gliexp.data.row import Example
from gliexp.data.windows import Budget, Window, WindowRule

Budgets = Callable[[Example], Sequence[Budget]]


class Chunk(NamedTuple):
    """A row cut out of a document: the document's number (from 0), the words it covers, and the row itself."""

    document: int
    window: Window
    example: Example


@dataclass
class Chunked:
    """The chunks of some documents, in the documents' order, and what was counted on the way."""

    chunks: list[Chunk] = field(default_factory=list)
    documents: int = 0
    cut: int = 0
    halved: int = 0
    empty: int = 0

    @property
    def examples(self) -> list[Example]:
        """The rows."""
        return [chunk.example for chunk in self.chunks]

    def windows(self) -> list[list[Window]]:
        """The windows of each document."""
        found: list[list[Window]] = [[] for _ in range(self.documents)]
        for chunk in self.chunks:
            found[chunk.document].append(chunk.window)
        return found


@dataclass(frozen=True)
class Chunker:
    """Cuts documents by one rule. `budgets` says for a row what a window of it may cost beside its words."""

    rule: WindowRule
    budgets: Budgets | None = None

    def cut(self, rows: Iterable[Example], *, gold: bool = False, drop_empty: bool = False) -> Chunked:
        """The chunks of `rows`; a row that fits in one window is handed on as it is.

        `gold` keeps borders off the rows' own entities, which only training may know. `drop_empty` leaves out chunks
        without an entity, counted in `empty`; `halved` counts entities that a chunk shows in part, once a chunk.
        """
        found = Chunked()
        for number, row in enumerate(rows):
            budgets = self.budgets(row) if self.budgets is not None else ()
            windows = self.rule.windows(row["tokenized_text"], row["ner"] if gold else (), budgets)
            found.documents += 1
            found.cut += len(windows) > 1
            for window in windows:
                example = row if len(windows) == 1 else part(row, window)
                found.halved += sum(_is_halved(window, first, last) for first, last, _ in row["ner"])
                if drop_empty and not example["ner"]:
                    found.empty += 1
                else:
                    found.chunks.append(Chunk(number, window, example))
        return found


def part(row: Example, window: Window) -> Example:
    """The part of `row` in `window`, in positions of its own; offered labels and all else are the row's."""
    kept = [index for index, (first, last, _) in enumerate(row["ner"]) if window.holds(first, last)]
    moved = {index: place for place, index in enumerate(kept)}
    entities = [row["ner"][index] for index in kept]
    example = {
        **row,
        "tokenized_text": list(row["tokenized_text"][window.start : window.end]),
        "ner": [[first - window.start, last - window.start, label] for first, last, label in entities],
    }
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
