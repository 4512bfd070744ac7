"""Tags, one a word, to spans: IOB1, IOB2, BIOES, BILOU, BMEWO and bare labels.

One rule reads all the schemes with border letters, since their letters agree on what they mean; the scheme only says
which tags are a fault. A fault that has one reading is mended and counted: nothing is guessed without saying so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from gliexp.data import values
from gliexp.data.bad_row import BadRow

OUTSIDE = frozenset({"O", "_"})
OPENED_INSIDE = "I- tag without B- (opened an entity)"
OPENED_AT_END = "end tag without B- (opened an entity)"
NEVER_ENDED = "entity without its end tag (ended where it stopped)"

BEGIN, INSIDE, END, SINGLE = "B", "IM", "EL", "SUW"
LETTERS = BEGIN + INSIDE + END + SINGLE
_PREFIXED = re.compile(rf"([{LETTERS}])[-_](.+)", re.DOTALL)
_SUFFIXED = re.compile(rf"(.+)[-_]([{LETTERS}])", re.DOTALL)

_NUMBER = re.compile("-?[0-9]{1,9}")

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Scheme:
    """How tags are written: the border letter stands `before` the label, behind it (False) or is not there (None)."""

    name: str
    before: bool | None

    @property
    def closes(self) -> bool:
        """Whether an entity of several words ends with a tag of its own."""
        return self.name in ("BIOES", "BILOU", "BMEWO")


def all_prefixed(found: Iterable[str]) -> bool:
    """Whether every tag that names a label has a border letter before it, one that can open an entity among them."""
    letters = _letters(found, _PREFIXED)
    return letters is not None and bool(letters & set(BEGIN + INSIDE + SINGLE))


def recognise(sequences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of the tags of some rows; of them, the tags and which follows which are kept, not the rows."""
    counts: Counter[str] = Counter()
    neighbours: set[tuple[str, str]] = set()
    for sequence in sequences:
        counts.update(sequence)
        neighbours.update(zip(chain(("O",), sequence), sequence, strict=False))
    for before, pattern in ((True, _PREFIXED), (False, _SUFFIXED)):
        letters = _letters(counts, pattern)
        if letters and letters & set(BEGIN + INSIDE + SINGLE):
            return Scheme(_name(letters, neighbours, before), before)
    # Most tags with a letter, some without: a file with faults rather than labels that look like tags.
    named = Counter({tag: count for tag, count in counts.items() if tag not in OUTSIDE})
    letters = {match[1] for tag in named if (match := _PREFIXED.fullmatch(tag))}
    if (
        letters & set(BEGIN + INSIDE + SINGLE)
        and sum(count for tag, count in named.items() if _PREFIXED.fullmatch(tag)) * 2 >= named.total()
    ):
        return Scheme(_name(letters, neighbours, True), True)
    return Scheme("bare labels", None)


def decode(tags: Sequence[str], scheme: Scheme) -> tuple[list[Span], Counter[str]]:
    """The entities (first word, last word inclusive, label) of one row, and what was mended, counted.

    Raises BadRow for a tag that the scheme does not know.
    """
    if scheme.before is None:
        return _runs(tags), Counter()
    spans: list[Span] = []
    mended: Counter[str] = Counter()
    start, label = -1, ""

    def close(last: int, ended: bool) -> None:
        nonlocal start
        if start >= 0:
            spans.append((start, last, label))
            if scheme.closes and not ended:
                mended[NEVER_ENDED] += 1
        start = -1

    for place, tag in enumerate(tags):
        letter, named = _parted(tag, place, scheme)
        if not letter:
            close(place - 1, ended=False)
            continue
        goes_on = start >= 0 and named == label and letter in INSIDE + END
        if not goes_on:
            close(place - 1, ended=False)
            start, label = place, named
            if letter in INSIDE and scheme.name != "IOB1":
                mended[OPENED_INSIDE] += 1
            elif letter in END:
                mended[OPENED_AT_END] += 1
        if letter in END + SINGLE:
            close(place, ended=True)
    close(len(tags) - 1, ended=False)
    return spans, mended


def is_tag(item: object) -> bool:
    """Whether an item of an entity list is a tag, text or number, and no span."""
    return type(item) in (str, int)


def named(items: Sequence[object], names: Sequence[str] | None) -> list[str]:
    """Tags as text, numbers by `names`; raises BadRow for one that has no name."""
    if names is None and all(type(item) is str for item in items):
        return [str(item) for item in items]
    return [_named(item, place, names) for place, item in enumerate(items)]


def _named(item: object, place: int, names: Sequence[str] | None) -> str:
    if type(item) is str and not (names and _NUMBER.fullmatch(item)):
        return item
    if isinstance(item, bool) or not isinstance(item, (int, str)):
        raise BadRow(f"tag {place} is {values.kind(item)}, not text or a whole number")
    if names is None:
        raise BadRow(f"tag {place} is the number {item}: data.tag_names must name the numbers")
    number = int(item)
    if not 0 <= number < len(names):
        raise BadRow(f"tag {place} is {number}, data.tag_names names 0 to {len(names) - 1}")
    return names[number]


def _letters(found: Iterable[str], pattern: re.Pattern[str]) -> set[str] | None:
    """The border letters, or None where a tag has none, or where there is no tag but outside ones."""
    group = 1 if pattern is _PREFIXED else 2
    matches = [pattern.fullmatch(tag) for tag in found if tag not in OUTSIDE]
    if not matches or not all(matches):
        return None
    return {match[group] for match in matches if match}


def _name(letters: set[str], neighbours: Iterable[tuple[str, str]], before: bool) -> str:
    for name, own in (("BMEWO", "MW"), ("BILOU", "LU"), ("BIOES", "ES")):
        if letters & set(own):
            return name
    return "IOB1" if _is_iob1(neighbours, Scheme("", before)) else "IOB2"


def _is_iob1(neighbours: Iterable[tuple[str, str]], scheme: Scheme) -> bool:
    """IOB1 opens with I-, and writes B- only right behind an entity of the same label."""
    opened_inside = False
    for pair in neighbours:
        (_, label), (letter, named) = (_parted_or_outside(tag, scheme) for tag in pair)
        if letter == BEGIN and label != named:
            return False
        opened_inside = opened_inside or (letter != "" and letter in INSIDE and label != named)
    return opened_inside


def _parted_or_outside(tag: str, scheme: Scheme) -> tuple[str, str]:
    try:
        return _parted(tag, 0, scheme)
    except BadRow:  # said when the row is read
        return "", ""


def _parted(tag: str, place: int, scheme: Scheme) -> tuple[str, str]:
    """(border letter, label); both empty outside."""
    if tag in OUTSIDE:
        return "", ""
    match = (_PREFIXED if scheme.before else _SUFFIXED).fullmatch(tag)
    if match is None:
        raise BadRow(f"tag {place} is {tag!r:.40}, which is no tag of {scheme.name}")
    return (match[1], match[2]) if scheme.before else (match[2], match[1])


def _runs(tags: Sequence[str]) -> list[Span]:
    """Bare labels: neighbours of one label are one entity."""
    spans: list[Span] = []
    for place, tag in enumerate(tags):
        if tag in OUTSIDE:
            continue
        if tag[:1] in LETTERS and tag[1:] in ("", "-", "_"):
            raise BadRow(f"tag {place} is {tag!r}, which names no label")
        if not tag.strip():
            raise BadRow(f"tag {place} is empty")
        if spans and spans[-1][1] == place - 1 and spans[-1][2] == tag:
            spans[-1] = (spans[-1][0], place, tag)
        else:
            spans.append((place, place, tag))
    return spans
