"""Which cells of a span model's (words x max_width) grid are spans, and in which order they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Grid:
    """Which cells of (B, L, max_width) are spans: all that end within their row's words.

    Rows' words lie end to end, spans in blocks of one row and width.
    """

    lengths: list[int]
    words: int
    max_width: int

    @classmethod
    def of(cls, span_idx: torch.Tensor, max_width: int) -> Grid | None:
        """From the library's spans (B, L*max_width, 2), (0, 0) where there is none; None for any other choice."""
        words = span_idx.shape[1] // max_width
        starts = torch.arange(words).repeat_interleave(max_width)
        ends = starts + torch.arange(max_width).repeat(words)
        lengths = span_idx[..., 1].amax(dim=1) + 1
        inside = ends < lengths.unsqueeze(1)
        expected = torch.stack([starts * inside, ends * inside], dim=-1)
        if lengths.max() > words or not torch.equal(span_idx, expected):
            return None
        return cls(lengths.tolist(), words, max_width)

    def blocks(self) -> Iterator[tuple[int, int, slice, slice, slice]]:
        """(row, width - 1, its starts and ends among all words, its place among all spans) of each block."""
        word = span = 0
        for row, length in enumerate(self.lengths):
            for further in range(min(self.max_width, length)):
                number = length - further
                places = slice(word, word + number), slice(word + further, word + length)
                yield row, further, *places, slice(span, span + number)
                span += number
            word += length

    @property
    def spans(self) -> int:
        """How many there are in all rows."""
        return sum(length - further for length in self.lengths for further in range(min(self.max_width, length)))

    def real(self) -> torch.Tensor:
        """Which cells (B, L, max_width) are spans."""
        ends = torch.arange(self.words).unsqueeze(1) + torch.arange(self.max_width)
        return ends < torch.tensor(self.lengths).view(-1, 1, 1)

    def word_offsets(self) -> torch.Tensor:
        """Where each row's words begin (B)."""
        return torch.tensor([0, *self.lengths[:-1]]).cumsum(0)

    def span_offsets(self) -> torch.Tensor:
        """Where each block of a row and a width begins (B, max_width)."""
        found = torch.zeros(len(self.lengths), self.max_width, dtype=torch.long)
        for row, further, _, _, place in self.blocks():
            found[row, further] = place.start
        return found
