"""What is odd about the rows of a run without being wrong: shared rows, contradictions, labels that look alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from gliexp.data.collisions import collisions
from gliexp.data.row import Example
from gliexp.data.twins import Twins

SHOWN = 3


def doubts(rows: Mapping[str, Sequence[Example]], places: Mapping[str, Sequence[str]]) -> list[str]:
    """One line for each doubt about the rows of the splits (GLiNER's form); `places` is file:line of each row."""
    return [*_shared(rows, places), *_alike(rows)]


def _shared(rows: Mapping[str, Sequence[Example]], places: Mapping[str, Sequence[str]]) -> Iterator[str]:
    twins = {split: Twins() for split in rows}
    for split, examples in rows.items():
        for number, row in enumerate(examples):
            twins[split].add(number, row)
    for split, found in twins.items():
        if found.contradicting:
            pairs = [f"{places[split][line]} and {places[split][first]}" for line, first in found.contradicting]
            yield f"{split}: {len(pairs)} rows have the words of another, annotated otherwise: {_some(pairs)}"
    for first, second in combinations(twins, 2):
        shared = twins[first].shared(twins[second])
        if shared:
            named = [f"{places[first][here]} and {places[second][there]}" for here, there in shared]
            yield f"{len(shared)} rows are in both {first} and {second}: {_some(named)}"


def _alike(rows: Mapping[str, Sequence[Example]]) -> Iterator[str]:
    for key, kind in (("ner", "entity"), ("relations", "relation")):
        labels = {item[2] for examples in rows.values() for row in examples for item in row.get(key, ())}
        for names in collisions(labels):
            yield f"one {kind} label or several? {', '.join(map(repr, names))}"


def _some(items: Sequence[str]) -> str:
    rest = len(items) - SHOWN
    return ", ".join(items[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
