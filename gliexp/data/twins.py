"""Rows with the same words: twice in one file, or in two files that should not share any."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from gliexp.data.row import Example

Line = int | str
"""Where a row stands in a file, or `file:line` in a directory."""


def fingerprint(words: Sequence[str]) -> int:
    """64 bits that stand for the words of a row, the same in every process."""
    return int.from_bytes(
        hashlib.blake2b("\x1f".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


def keys_of(row: Example) -> tuple[int, int]:
    """64 bits each for the words of a row (the text, in classification) and for what is said about them."""
    if "tokenized_text" in row:
        return fingerprint(row["tokenized_text"]), _annotation(row)
    return fingerprint([row["text"]]), fingerprint([repr(sorted(row["true"].items()))])


class Twins:
    """Remembers the rows of one file: 8 bytes for the words and 8 for what is said about them."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.repeated: list[tuple[Line, Line]] = []
        """(line, line of the first row with the same words and the same annotation)"""
        self.contradicting: list[tuple[Line, Line]] = []
        """(line, line of the first row with the same words, annotated otherwise)"""
        self._said: dict[int, int] = {}

    def add(self, line: Line, row: Example) -> None:
        """Note the row on `line`."""
        words, said = keys_of(row)
        first = self.lines.setdefault(words, line)
        if first == line:
            self._said[words] = said
        elif self._said[words] == said:
            self.repeated.append((line, first))
        else:
            self.contradicting.append((line, first))

    def shared(self, other: Twins) -> list[tuple[Line, Line]]:
        """(line here, line there) of the rows whose words are in both files."""
        return [(line, other.lines[words]) for words, line in self.lines.items() if words in other.lines]


def _annotation(row: Example) -> int:
    entities = row["ner"]
    named: list[Any] = [sorted(map(tuple, entities))]
    related = ((entities[head], entities[tail], label) for head, tail, label in row.get("relations", ()))
    named.append(sorted((*map(tuple, (head, tail)), label) for head, tail, label in related))
    return fingerprint([repr(named)])
