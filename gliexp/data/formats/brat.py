"""brat standoff: a text and, beside it, an .ann file of spans, relations and events; one pair or a directory of them.

An entity in several pieces is left out, named and counted, as are relations to it: a span of GLiNER is one piece.
Pieces with nothing but space between them are one, since brat parts an entity wherever a line of the text ends. An
event stands for its trigger, which is an entity; the arguments of events, attributes and notes are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import decoded, numbered, whole

IN_PIECES = "entity in pieces left out"
LOOSE_RELATION = "relation of an entity in pieces left out"
COUNTED = {
    "A": "attribute left out",
    "M": "attribute left out",
    "N": "reference left out",
    "#": "note left out",
    "*": "equivalence left out",
}
ARGUMENT = "event argument left out"


def read(path: Path, _layout: Layout) -> Iterator[Raw]:
    """One row a document: its text, entities by character and relations."""
    if path.is_dir():
        for ann in pairs(path):
            for raw in _document(ann):
                yield raw._replace(file=ann.relative_to(path).as_posix())
        return
    yield from _document(path.with_suffix(".ann"))


def pairs(directory: Path) -> list[Path]:
    """The .ann files of a directory and those below, sorted."""
    return sorted(directory.rglob("*.ann"))


def is_pair(path: Path) -> bool:
    """Whether `path` is one of two files a.ann and a.txt."""
    return path.suffix in (".ann", ".txt") and path.with_suffix(".ann").is_file()


def _document(ann: Path) -> Iterator[Raw]:
    txt = ann.with_suffix(".txt")
    if not ann.is_file() or not txt.is_file():
        absent = txt if ann.is_file() else ann
        yield Raw(1, None, f"the pair lacks {absent.name}")
        return
    try:
        # Python would turn \r\n into one character and shift every offset behind it.
        text = whole(txt)
    except BadRow as bad:
        yield Raw(1, None, f"{txt.name}: {bad}")
        return
    standoff = _Standoff(text)
    for number, line in numbered(ann):
        try:
            standoff.add(number, decoded(line).rstrip("\r\n"))
        except BadRow as bad:
            standoff.faults.append((number, str(bad)))
    row = standoff.row()
    if standoff.faults:
        for number, reason in standoff.faults:
            yield Raw(number, None, reason)
        return
    yield Raw(1, row, dropped=dict(standoff.dropped), notes=tuple(standoff.notes))


class _Standoff:
    """The annotations of one document; `faults` are (line, reason)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.faults: list[tuple[int, str]] = []
        self.dropped: Counter[str] = Counter()
        self.notes: list[str] = []
        self._entities: dict[str, dict[str, Any] | None] = {}
        self._triggers: dict[str, tuple[int, str]] = {}
        self._relations: list[tuple[int, str, str, str, str]] = []

    def add(self, number: int, line: str) -> None:
        if not line.strip():
            return
        name, _, rest = line.partition("\t")
        kind = name[:1]
        if kind == "T":
            self._add_entity(number, name, rest)
        elif kind == "E":
            self._add_event(number, name, rest.split())
        elif kind == "R":
            self._add_relation(number, name, rest.split())
        elif kind in COUNTED:
            self.dropped[COUNTED[kind]] += 1
        else:
            raise BadRow(f"{line!r:.40} is no line of brat (T, R, E, A, M, N, # or *)")

    def _add_entity(self, number: int, name: str, rest: str) -> None:
        head, _, covered = rest.partition("\t")
        label, _, spans = head.partition(" ")
        if name in self._entities:
            raise BadRow(f"{name} is there twice")
        try:
            pieces = [tuple(map(int, piece.split())) for piece in spans.split(";")]
        except ValueError:
            pieces = [()]
        if not all(len(piece) == 2 for piece in pieces):
            raise BadRow(f"{name}: {head!r:.60} is not label, start and end")
        for start, end in pieces:
            if not 0 <= start < end <= len(self.text):
                size = len(self.text)
                raise BadRow(f"{name}: [{start}, {end}] does not lie within the {size} characters of the text")
        stands = " ".join(self.text[start:end] for start, end in pieces)
        if covered and stands.split() != covered.split():
            raise BadRow(f"{name} says {covered!r:.40}, the text there is {stands!r:.40}")
        ordered = sorted(pieces)
        if not any(self.text[before[1] : after[0]].strip() for before, after in pairwise(ordered)):
            end = max(piece[1] for piece in pieces)
            self._entities[name] = {"start": ordered[0][0], "end": end, "label": label}
            return
        self._entities[name] = None
        self.dropped[IN_PIECES] += 1
        self.notes.append(f"line {number}: {name} {label} {stands!r:.60} is in {len(pieces)} pieces, left out")

    def _add_event(self, number: int, name: str, words: list[str]) -> None:
        trigger = words[0].partition(":")[2] if words else ""
        if not trigger:
            raise BadRow(f"{name} has no trigger")
        if name in self._triggers:
            raise BadRow(f"{name} is there twice")
        self._triggers[name] = (number, trigger)
        if len(words) > 1:
            self.dropped[ARGUMENT] += len(words) - 1

    def _add_relation(self, number: int, name: str, words: list[str]) -> None:
        ends = [word.partition(":")[2] for word in words[1:]]
        if len(ends) != 2 or not all(ends):
            raise BadRow(f"{name} must be a label and two arguments, as in Label Arg1:T1 Arg2:T2")
        self._relations.append((number, name, words[0], ends[0], ends[1]))

    def row(self) -> dict[str, Any]:
        """The document's row; relations to what is not there become faults."""
        kept = {name: place for place, name in enumerate(name for name, entity in self._entities.items() if entity)}
        for event, (number, trigger) in self._triggers.items():
            if trigger not in self._entities:
                self.faults.append((number, f"{event}: its trigger {trigger} is not there"))
        relations = []
        for number, name, label, *ends in self._relations:
            resolved = [self._triggers[end][1] if end in self._triggers else end for end in ends]
            absent = [end for end in resolved if end not in self._entities]
            if absent:
                self.faults.append((number, f"{name}: {absent[0]} is not there"))
            elif all(end in kept for end in resolved):
                relations.append([kept[resolved[0]], kept[resolved[1]], label])
            else:
                self.dropped[LOOSE_RELATION] += 1
                self.notes.append(f"line {number}: {name} {label} leads to an entity in pieces, left out")
        self.faults.sort()
        entities = [entity for entity in self._entities.values() if entity]
        return {"text": self.text, "ner": entities, "relations": relations}
