"""Training rows with some of their entities named otherwise, so that a model learns from contexts and not names alone.

A mention is exchanged for another one of the same label out of the training rows (mention replacement: Dai and Adel, An
Analysis of Simple Data Augmentation for Named Entity Recognition, arXiv 2010.11683, section 3). With a few hundred rows
a model otherwise learns the names by heart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from gliexp.data.row import Example
from gliexp.data.rows import Rows

Row = Mapping[str, Any]

SHARE = 0.5
"""Chance of each mention of a chosen row, so that exchanged and original names stand side by side."""


class MentionSwap:
    """Exchanges mentions in training rows; what comes out depends on (seed, epoch, index) and the rows alone.

    `probability` (0..1) is the chance of a row to be chosen. Only mentions of at most `max_width` words are brought in,
    and no row grows beyond `max_words` or what `fits`, so that nothing is lost that was not lost before. Rows with
    entities that overlap stay as they are: to exchange one would break the other.
    """

    def __init__(
        self,
        rows: Sequence[Example],
        probability: float,
        *,
        max_words: int | None = None,
        max_width: int | None = None,
        fits: Callable[[Example], bool] | None = None,
    ) -> None:
        self.probability = probability
        self.fits = fits
        self.max_words = max_words
        self._rows = Rows.of(rows)
        self._mentions = _by_label(self._rows, max_width)

    def __call__(self, row: Row, *, seed: int, epoch: int, index: int) -> Example:
        """The row, or a copy with some mentions exchanged; the order of `ner` stays, so relations stay right."""
        draw = Random(f"gliexp mentions {seed} {epoch} {index}")
        if draw.random() >= self.probability or _overlap(row["ner"]):
            return dict(row)
        words: list[str] = []
        places: dict[int, list[Any]] = {}
        source, at = row["tokenized_text"], 0
        for number, (start, end, label) in sorted(enumerate(row["ner"]), key=lambda item: item[1][0]):
            words += source[at:start]
            mention = source[start : end + 1]
            if label in self._mentions and draw.random() < SHARE:
                row_number, first, last = self._mentions[label][draw.choice(range(len(self._mentions[label])))].tolist()
                mention = self._rows[row_number]["tokenized_text"][first : last + 1]
            places[number] = [len(words), len(words) + len(mention) - 1, label]
            words += mention
            at = end + 1
        words += source[at:]
        if self.max_words is not None and len(words) > max(self.max_words, len(source)):
            return dict(row)
        changed = {**row, "tokenized_text": words, "ner": [places[number] for number in range(len(places))]}
        return changed if self.fits is None or self.fits(changed) else dict(row)


def _by_label(rows: Rows, max_width: int | None) -> dict[str, npt.NDArray[np.int64]]:
    """The mentions of each label as row, first and last word: their words stay where they are."""
    spans = rows.spans()
    narrow = np.ones(len(spans.row), bool) if max_width is None else spans.last - spans.first < max_width
    found = {}
    for number, label in enumerate(spans.labels):
        at = np.flatnonzero(narrow & (spans.label == number))
        if len(at):
            found[label] = np.stack([spans.row[at], spans.first[at], spans.last[at]], axis=1)
    return found


def _overlap(entities: Iterable[tuple[int, int, str]]) -> bool:
    ordered = sorted((start, end) for start, end, _ in entities)
    return any(end >= start for (_, end), (start, _) in pairwise(ordered))
