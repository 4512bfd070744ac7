"""spaCy's DocBin: documents that are split into words already, with entities."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import extra
from gliexp.data.formats.conll import HOLLOW
from gliexp.data.formats.raw import Layout, Raw

SPANS = "sc"
"""The group in which spaCy's span categorizer keeps its spans; they count as entities beside `doc.ents`."""


def read(path: Path, _layout: Layout) -> Iterator[Raw]:
    """One row a document; `line` is its number from 1. Words of white space alone are left out and counted."""
    spacy = extra.load("spacy", "reading .spacy files")
    tokens = extra.load("spacy.tokens", "reading .spacy files")
    number = 0
    try:
        for number, doc in enumerate(tokens.DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab), start=1):
            dropped: Counter[str] = Counter()
            yield Raw(number, _row(doc, dropped), dropped=dict(dropped))
    except (OSError, ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError, zlib.error) as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise BadRow(f"the DocBin is damaged or breaks off after {number} documents: {told[0]:.200}") from error


def recognise(start: bytes) -> bool:
    """Whether a file begins as a DocBin does: packed, with its attributes named first."""
    if start[:1] != b"\x78":
        return False
    try:
        return b"version" in zlib.decompressobj().decompress(start, 64)
    except zlib.error:
        return False


def _row(doc: Any, dropped: Counter[str]) -> dict[str, Any]:
    words: list[str] = []
    places = [0]
    for token in doc:
        if token.text.strip():
            words.append(token.text)
        else:
            dropped[HOLLOW] += 1
        places.append(len(words))
    for name in doc.spans:
        if name != SPANS:
            dropped[f"span of the group {name} left out"] += len(doc.spans[name])
    spans = [*doc.ents, *doc.spans.get(SPANS, ())]
    entities = [[places[span.start], places[span.end] - 1, span.label_] for span in spans]
    return {"tokenized_text": words, "ner": entities}
