"""What is odd about the rows of a run without being wrong: shared rows, contradictions, labels that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from gliexp.data.collisions import collisions
from gliexp.data.named import SHOWN, first_of
from gliexp.data.row import Example
from gliexp.data.rows import Rows

KINDS = ("entity", "relation")


def doubts(
    rows: Mapping[str, Sequence[Example]], places: Mapping[str, Sequence[str]], kinds: Sequence[str] = KINDS
) -> list[str]:
    """One line for each doubt about the rows of the splits; `places` is file:line of each row.

    `kinds` are what a reader calls the two kinds of labels that rows hold.
    """
    found = {split: Rows.of(of_split) for split, of_split in rows.items()}
    return [*_shared(found, places), *_alike(found, kinds)]


def _shared(rows: Mapping[str, Rows], places: Mapping[str, Sequence[str]]) -> Iterator[str]:
    firsts: dict[str, tuple[Any, Any]] = {}
    for split, of_split in rows.items():
        keys, said = of_split.keys("text_key"), of_split.keys("said_key")
        different, first, kinds = np.unique(keys, return_index=True, return_inverse=True)
        firsts[split] = different, first
        first_of_row = first[kinds] if len(keys) else first
        otherwise = np.flatnonzero(said != said[first_of_row])
        if len(otherwise):
            pairs = _pairs(places[split], otherwise, places[split], first_of_row[otherwise])
            yield f"{split}: {len(otherwise)} rows have the words of another, annotated otherwise: {pairs}"
    for here, there in combinations(rows, 2):
        _, mine, other = np.intersect1d(firsts[here][0], firsts[there][0], assume_unique=True, return_indices=True)
        if len(mine):
            first, second = firsts[here][1][mine], firsts[there][1][other]
            order = np.argsort(first)
            pairs = _pairs(places[here], first[order], places[there], second[order])
            yield f"{len(mine)} rows are in both {here} and {there}: {pairs}"


def _pairs(here: Sequence[str], rows: Any, there: Sequence[str], others: Any) -> str:
    """The places of the first few pairs of rows, and how many more there are."""
    first = zip(rows[:SHOWN].tolist(), others[:SHOWN].tolist(), strict=True)
    named = [f"{here[row]} and {there[other]}" for row, other in first]
    return first_of(named, more=len(rows) - len(named))


def _alike(rows: Mapping[str, Rows], kinds: Sequence[str]) -> Iterator[str]:
    sets = [one for of_split in rows.values() for one in of_split.label_sets()]
    entity = {label for one in sets for label in (*one.entity, *(one.entity_offered or ()))}
    relation = {label for one in sets for label in (*one.relation, *(one.relation_offered or ()))}
    for kind, labels in zip(kinds, (entity, relation), strict=False):
        for names in collisions(labels):
            yield f"one {kind} label or several? {', '.join(map(repr, names))}"
