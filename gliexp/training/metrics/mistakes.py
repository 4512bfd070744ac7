"""What a model got wrong, one by one: each wrong or missing entity with what stands in its place, and the confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Span = tuple[int, int, str]

RIGHT = "right"
MISSED, SPURIOUS = "missed", "spurious"
WRONG_LABEL, WRONG_BOUNDARY, WRONG_BOTH = "wrong label", "wrong boundary", "wrong label and boundary"
KINDS = (MISSED, SPURIOUS, WRONG_BOUNDARY, WRONG_LABEL, WRONG_BOTH)
NOTHING = "(nothing)"


class Match(NamedTuple):
    """A gold entity, a predicted one, or both where one stands for the other; `kind` says what is wrong with it."""

    kind: str
    gold: Span | None
    predicted: Span | None


def matches(gold: Iterable[Sequence[Any]], predicted: Iterable[Sequence[Any]]) -> list[Match]:
    """Every entity of a row on both sides, once, in the order of the text.

    Equal ones are matched first, then those with the same borders, then those that overlap and have the same label,
    then those that overlap; of several the one that shares most words.
    """
    held, found = sorted(map(_span, gold)), sorted(map(_span, predicted))
    done: list[Match] = []
    for kind, fits in _FITS.items():
        pairs = [(-_shared(a, b), a, b) for a in held for b in found if fits(a, b)]
        for _, a, b in sorted(pairs):
            if a in held and b in found:
                held.remove(a)
                found.remove(b)
                done.append(Match(kind, a, b))
    done += [Match(MISSED, span, None) for span in held] + [Match(SPURIOUS, None, span) for span in found]
    return sorted(done, key=lambda match: (match.gold or match.predicted or (0, 0, ""), match.kind))


_FITS: dict[str, Callable[[Span, Span], bool]] = {
    RIGHT: lambda a, b: a == b,
    WRONG_LABEL: lambda a, b: a[:2] == b[:2],
    WRONG_BOUNDARY: lambda a, b: a[2] == b[2] and _shared(a, b) > 0,
    WRONG_BOTH: lambda a, b: _shared(a, b) > 0,
}


def confusion(rows: Iterable[Iterable[Match]]) -> Counter[tuple[str, str]]:
    """How often a gold label was given which label, over entities that overlap; NOTHING stands for no entity there."""
    return Counter(
        (match.gold[2] if match.gold else NOTHING, match.predicted[2] if match.predicted else NOTHING)
        for row in rows
        for match in row
    )


def wrong(rows: Sequence[Sequence[Match]]) -> Iterator[tuple[int, Match]]:
    """The matches that are not right, with the numbers of their rows."""
    return ((number, match) for number, row in enumerate(rows) for match in row if match.kind != RIGHT)


def _span(entity: Sequence[Any]) -> Span:
    start, end, label = entity
    return start, end, label


def _shared(one: Span, other: Span) -> int:
    """Words that both have."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]) + 1)
