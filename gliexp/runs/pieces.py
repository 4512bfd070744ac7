"""What a model reads of each row of a split: the row, a part of it, or windows over it; and what is lost on the way.

Most rows of most data are read whole and lose nothing, which their columns tell; only the others are looked at one by
one, so that a million rows take seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gliexp.data.chunking import Chunker
from gliexp.data.losses import Limits, Losses, View, account_row
from gliexp.data.row import Example
from gliexp.data.rows import Rows, Spans
from gliexp.models.room import Ask, Room

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Piece(NamedTuple):
    """Words `start` to `end` (exclusive) of row `number`, read up to `read`."""

    number: int
    start: int
    end: int
    read: int


@dataclass
class Pieces:
    """The pieces of a split's rows: `odd` are listed, of the rows in `plain` each is one piece and read whole.

    The counts are those of data.chunking.Chunked.
    """

    lengths: Ints
    plain: Ints
    odd: list[Piece] = field(default_factory=list)
    cut: int = 0
    tight: int = 0
    halved: int = 0
    empty: int = 0

    def record(self) -> dict[str, int]:
        """What became of the documents, for run.json."""
        longest = max((piece.end - piece.start for piece in self.odd), default=0)
        return {
            "documents": len(self.lengths),
            "cut": self.cut,
            "chunks": len(self.plain) + len(self.odd),
            "longest": max(longest, int(self.lengths[self.plain].max(initial=0))),
            "tight": self.tight,
            "halved": self.halved,
            "empty": self.empty,
        }

    def readable(self) -> tuple[Ints, Ints, Ints]:
        """Row numbers, first words and ends (exclusive) of what is read, in the rows' order; at least a word each."""
        kept = [(number, start, max(start + 1, min(end, read))) for number, start, end, read in self.odd]
        odd = np.asarray(kept, np.int64).reshape(-1, 3)
        whole = np.stack([self.plain, np.zeros_like(self.plain), self.lengths[self.plain]], axis=1)
        both = np.concatenate([whole, odd])
        numbers, starts, ends = both[np.argsort(both[:, 0], kind="stable")].T
        return numbers, starts, ends


def look(
    rows: Rows,
    places: Sequence[str],
    *,
    room: Room,
    ask: Ask,
    fits: Flags,
    max_len: int,
    limits: Limits,
    chunker: Chunker | None,
    gold: bool,
    drop_empty: bool,
) -> tuple[Pieces, Losses]:
    """The pieces of `rows` and what a model with these limits cannot learn from them.

    `fits` says which rows the tokenizer reads whole. With a `chunker` longer rows are cut into windows: off the rows'
    own entities where `gold`; those without an entity are left out where `drop_empty`. Without one, a row of more than
    `max_len` words is read up to there.
    """
    lengths, spans = rows.lengths, rows.spans()
    whole = fits & (lengths <= (max_len if chunker is None else chunker.rule.max_words))
    hollow = np.bincount(spans.row, minlength=len(rows)) == 0 if drop_empty else np.zeros(len(rows), bool)
    pieces = Pieces(lengths, np.flatnonzero(whole & ~hollow), empty=int((whole & hollow).sum()))
    losses = Losses(rows=len(rows))
    for number in np.flatnonzero(~whole | _doubtful(spans, limits, len(rows))).tolist():
        row = rows[number]
        if whole[number]:
            views = [View(0, int(lengths[number]), int(lengths[number]))]
        else:
            views = _views(pieces, number, row, room, ask, max_len, chunker, gold, drop_empty)
        account_row(losses, row, places[number], views, limits)
    return pieces, losses


def _doubtful(spans: Spans, limits: Limits, count: int) -> Flags:
    """The rows of which something may be lost though all words are read."""
    found = np.zeros(count, bool)
    if limits.max_width is not None:
        found[spans.row[spans.last - spans.first >= limits.max_width]] = True
    if limits.one_label:
        order = np.lexsort((spans.last, spans.first, spans.row))
        row, first, last = (column[order] for column in (spans.row, spans.first, spans.last))
        same = (row[1:] == row[:-1]) & (first[1:] == first[:-1]) & (last[1:] == last[:-1])
        found[row[1:][same]] = True
    return found


def _views(
    pieces: Pieces,
    number: int,
    row: Example,
    room: Room,
    ask: Ask,
    max_len: int,
    chunker: Chunker | None,
    gold: bool,
    drop_empty: bool,
) -> list[View]:
    """What the model is shown of one row; its pieces are noted."""
    words, asked = row["tokenized_text"], ask(row)

    def view(start: int, end: int) -> View:
        return View(start, end, start + room.seen(words[start:end], asked))

    if chunker is None:
        seen = view(0, min(len(words), max_len))
        # the library cuts at max_len by itself, and takes the labels there along
        pieces.odd.append(Piece(number, 0, len(words), len(words) if seen.read >= seen.end else seen.read))
        return [seen]
    chunked = chunker.cut([row], gold=gold, drop_empty=drop_empty)
    for count in ("cut", "tight", "halved", "empty"):
        setattr(pieces, count, getattr(pieces, count) + getattr(chunked, count))
    views = {window.start: view(*window) for window in chunked.windows[0]}
    pieces.odd += [Piece(number, *views[chunk.window.start]) for chunk in chunked.chunks]
    return list(views.values())
