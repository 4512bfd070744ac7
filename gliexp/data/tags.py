"""Tags, one a word, to spans: IOB1, IOB2, BIOES, BILOU, BMEWO and bare labels.

One rule reads all the schemes with border letters, since their letters agree on what they mean; the scheme only says
which tags are a fault. A fault that has one reading is mended and counted: nothing is guessed without saying so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from gliexp.data import values
from gliexp.data.bad_row import BadRow

OUTSIDE = frozenset({"O", "_"})
OPENED_INSIDE = "I- tag without B- (opened an entity)"
OPENED_AT_END = "end tag without B- (opened an entity)"
NEVER_ENDED = "entity without its end tag (ended where it stopped)"
STRAY_END = "end tag in a scheme without any (taken for the last word)"
STRAY_SINGLE = "single tag in a scheme without any (taken for an entity of one word)"

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
    neighbours: Counter[tuple[str, str]] = Counter()
    for sequence in sequences:
        counts.update(sequence)
        neighbours.update(zip(chain(("O",), sequence), chain(sequence, ("O",)), strict=True))
    for before, pattern in ((True, _PREFIXED), (False, _SUFFIXED)):
        letters = _letters(counts, pattern)
        if letters and letters & set(BEGIN + INSIDE + SINGLE):
            return Scheme(_name(counts, neighbours, before), before)
    # Most tags with a letter, some without: a file with faults rather than labels that look like tags.
    named = Counter({tag: count for tag, count in counts.items() if tag not in OUTSIDE})
    letters = {match[1] for tag in named if (match := _PREFIXED.fullmatch(tag))}
    if (
        letters & set(BEGIN + INSIDE + SINGLE)
        and sum(count for tag, count in named.items() if _PREFIXED.fullmatch(tag)) * 2 >= named.total()
    ):
        return Scheme(_name(counts, neighbours, True), True)
    return Scheme("bare labels", None)


def decode(tags: Sequence[str], scheme: Scheme) -> tuple[list[Span], Counter[str]]:
    """The entities (first word, last word inclusive, label) of one row, and what was mended, counted.

    Raises BadRow for a tag that the scheme does not know.
    """
    if OUTSIDE.issuperset(tags):
        return [], Counter()
    if scheme.before is None:
        return _runs(tags), Counter()
    spans: list[Span] = []
    mended: Counter[str] = Counter()
    start, label = -1, ""
    for place, tag in enumerate(tags):
        if tag in OUTSIDE:
            if start >= 0:
                spans.append((start, place - 1, label))
                mended[NEVER_ENDED] += scheme.closes
                start = -1
            continue
        letter, named = _parted(tag, place, scheme)
        ends = letter in END
        if start < 0 or named != label or not (ends or letter in INSIDE):
            if start >= 0:
                spans.append((start, place - 1, label))
                mended[NEVER_ENDED] += scheme.closes
            start, label = place, named
            if letter in INSIDE and scheme.name != "IOB1":
                mended[OPENED_INSIDE] += 1
            elif ends and scheme.closes:
                mended[OPENED_AT_END] += 1
        if ends or letter in SINGLE:
            spans.append((start, place, label))
            start = -1
            if not scheme.closes:
                mended[STRAY_END if ends else STRAY_SINGLE] += 1
    if start >= 0:
        spans.append((start, len(tags) - 1, label))
        mended[NEVER_ENDED] += scheme.closes
    return spans, +mended


def is_tag(item: object) -> bool:
    """Whether an item of an entity list is a tag, text or number, and no span."""
    return type(item) in (str, int)


def named(items: Sequence[object], names: Sequence[str] | None) -> list[str]:
    """Tags as text, numbers by `names`; raises BadRow for one that has no name."""
    if names is None and set(map(type, items)) <= {str}:
        return list(items)  # type: ignore[arg-type]
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


def _name(counts: Counter[str], neighbours: Counter[tuple[str, str]], before: bool) -> str:
    scheme = Scheme("", before)
    letters: Counter[str] = Counter()
    for tag, count in counts.items():
        letters[_parted_or_outside(tag, scheme)[0]] += count
    if sum(letters[letter] for letter in END + SINGLE) >= _unended(neighbours, scheme):
        for name, own in (("BMEWO", "MW"), ("BILOU", "LU"), ("BIOES", "ES")):
            if any(letters[letter] for letter in own):
                return name
    return "IOB1" if _is_iob1(neighbours, scheme) else "IOB2"


def _unended(neighbours: Counter[tuple[str, str]], scheme: Scheme) -> int:
    """How many entities stop without an end tag: in a scheme that has none all do, and a stray one is a fault."""
    count = 0
    for pair, times in neighbours.items():
        (letter, label), (follows, named) = (_parted_or_outside(tag, scheme) for tag in pair)
        if letter and letter in BEGIN + INSIDE and not (named == label and follows and follows in INSIDE + END):
            count += times
    return count


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
    """The same without a fault: what has no letter is said when the row is read."""
    return _halves(tag, bool(scheme.before)) or ("", "")


def _parted(tag: str, place: int, scheme: Scheme) -> tuple[str, str]:
    """(border letter, label); both empty outside."""
    halves = _halves(tag, bool(scheme.before))
    if halves is None:
        raise BadRow(f"tag {place} is {tag!r:.40}, which is no tag of {scheme.name}")
    return halves


@lru_cache(maxsize=10_000)
def _halves(tag: str, before: bool) -> tuple[str, str] | None:
    """(border letter, label), both empty outside; None for what is no tag. A file has few tags and many words."""
    if tag in OUTSIDE:
        return "", ""
    match = (_PREFIXED if before else _SUFFIXED).fullmatch(tag)
    if match is None:
        return None
    return (match[1], match[2]) if before else (match[2], match[1])


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
