"""Words of a raw text, split exactly as GLiNER's default ("whitespace") splitter splits them at inference.

Training data is tokenised beforehand, inference is not: a file whose text is cut by another rule would train the model
on words that it never meets again. The rule is repeated here because the library's module imports torch.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

# A run of word characters, runs joined by single hyphens or underscores kept whole; anything else visible stands alone.
_WORD = re.compile(r"\w+(?:[-_]\w+)*|\S")
RULE = f"{_WORD.pattern} {unicodedata.unidata_version}"
"""What decides how a text is split: the same in two processes, the same words."""


class Word(NamedTuple):
    """One word and where it stands: `text[start:end]`, characters, end exclusive."""

    text: str
    start: int
    end: int


def split(text: str) -> list[Word]:
    """The words of `text` in order, with character offsets (start inclusive, end exclusive)."""
    return [Word(match.group(), match.start(), match.end()) for match in _WORD.finditer(text)]


def covering(words: Sequence[Word], start: int, end: int) -> tuple[int, int] | None:
    """The first and last (inclusive) index of the words that the characters `start:end` touch, or None for none.

    A span that begins or ends inside a word takes the whole word; spaces at its edges count for nothing.
    """
    first = bisect_right(words, start, key=lambda word: word.end)
    last = bisect_left(words, end, key=lambda word: word.start) - 1
    return (first, last) if start < end and first <= last else None
