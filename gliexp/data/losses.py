"""What training cannot use of the data, counted and named before the library drops it without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gliexp.data.row import Example
from gliexp.errors import Problem, Refusal

SHOWN = 20

CUT = "row longer than max_len"
WORD = "word beyond max_len"
UNREAD = "word beyond the tokenizer's limit"
BEYOND = "entity beyond max_len"
SPLIT = "entity that no chunk holds whole"
WIDE = "entity wider than max_width"
HIDDEN = "entity beyond the tokenizer's limit"
SECOND = "second label on one span"
ENDLESS = "relation that lost an end"
APART = "relation whose ends share no chunk"
EMPTIED = "row left without entity"


class View(NamedTuple):
    """Words of a row that the model is shown together: `start` to `end` (exclusive), of which it reads up to `read`.

    Between `read` and `end` lies what the tokenizer's limit cuts off.
    """

    start: int
    end: int
    read: int

    def shows(self, first: int, last: int) -> bool:
        """Whether words `first` to `last` (inclusive) lie in it, read or not."""
        return self.start <= first and last < self.end

    def reads(self, first: int, last: int) -> bool:
        """Whether the model reads all of them here."""
        return self.start <= first and last < self.read


@dataclass
class Losses:
    """Counts by reason, and for each reason the first SHOWN places (file:line, or "row N" from 0)."""

    counts: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    rows: int = 0

    def add(self, reason: str, place: str, count: int = 1) -> None:
        """Count `reason` at `place`; a count of 0 changes nothing."""
        if count <= 0:
            return
        self.counts[reason] += count
        named = self.places.setdefault(reason, [])
        if len(named) < SHOWN and (not named or named[-1] != place):
            named.append(place)

    def __bool__(self) -> bool:
        return bool(self.counts)

    def summary(self) -> str:
        """One line a reason: how often, and where; empty if nothing is lost."""
        return "\n".join(
            f"{self.counts[reason]} x {reason}: {', '.join(named[:5])}{', ...' if len(named) > 5 else ''}"
            for reason, named in self.places.items()
        )


@dataclass(frozen=True)
class Limits:
    """What a model can learn: `max_width` in words (None for token modes, which know none), relations or not.

    `one_label` is for label decoders, which write one label for a span.
    """

    max_width: int | None = None
    relations: bool = True
    one_label: bool = False


def account(
    rows: Sequence[Example],
    max_len: int,
    max_width: int | None = None,
    *,
    places: Sequence[str] | None = None,
    relations: bool = True,
    one_label: bool = False,
    views: Sequence[Sequence[View]] | None = None,
) -> Losses:
    """Count what a model with these limits cannot learn from `rows`.

    `max_len` is in words. `max_width` (words) is given for span modes and None for token modes, which know no width.
    `one_label` is for label decoders, which write one label for a span. `places` names the rows; `relations` False
    leaves relations out of account. `views` says for each row what the model is shown of it, by default its first
    `max_len` words; an entity counts as lost when no view serves.
    """
    losses = Losses(rows=len(rows))
    limits = Limits(max_width, relations, one_label)
    for index, row in enumerate(rows):
        shown = views[index] if views is not None else [_first_words(row, max_len)]
        account_row(losses, row, places[index] if places else f"row {index}", shown, limits)
    return losses


def _first_words(row: Example, max_len: int) -> View:
    end = min(len(row["tokenized_text"]), max_len)
    return View(0, end, end)


def settle(losses: Losses, on_loss: str) -> str:
    """The summary of `losses` to show under on_loss "warn"; raises Refusal naming the places under "error"."""
    if losses and on_loss == "error":
        raise Refusal(
            Problem("data", f"{losses.counts[reason]} x {reason}: {', '.join(named)}", allowed="data.on_loss=warn")
            for reason, named in losses.places.items()
        )
    return losses.summary()


def account_row(losses: Losses, row: Example, place: str, views: Sequence[View], limits: Limits) -> None:
    """Count what is lost of one row, of which the model is shown `views`."""
    _account_words(losses, len(row["tokenized_text"]), place, views)
    kept: dict[int, list[View]] = {}
    spans: set[tuple[int, int]] = set()
    for index, (start, end, _) in enumerate(row["ner"]):
        reason = _why_lost(start, end, views, limits)
        if reason:
            losses.add(reason, place)
            continue
        kept[index] = [view for view in views if view.reads(start, end)]
        if limits.one_label and (start, end) in spans:
            losses.add(SECOND, place)  # the classifier learns it; the decoder is taught the first alone
        spans.add((start, end))
    if row["ner"] and not kept:
        losses.add(EMPTIED, place)
    if limits.relations:
        for head, tail, _ in row.get("relations", ()):
            if head not in kept or tail not in kept:
                losses.add(ENDLESS, place)
            elif not set(kept[head]) & set(kept[tail]):
                losses.add(APART, place)


def _account_words(losses: Losses, words: int, place: str, views: Sequence[View]) -> None:
    beyond = words - max(view.end for view in views)
    if beyond > 0:
        losses.add(CUT, place)
        losses.add(WORD, place, beyond)
    shown = _covered((view.start, view.end) for view in views)
    losses.add(UNREAD, place, shown - _covered((view.start, view.read) for view in views))


def _covered(stretches: Iterable[tuple[int, int]]) -> int:
    """How many words lie in at least one of the stretches, which are sorted by their starts (ends exclusive)."""
    counted = reached = 0
    for start, end in stretches:
        counted += max(0, end - max(start, reached))
        reached = max(reached, end)
    return counted


def _why_lost(start: int, end: int, views: Sequence[View], limits: Limits) -> str:
    """Why the model cannot learn the entity of words `start` to `end` (inclusive); empty if it can."""
    if not any(view.shows(start, end) for view in views):
        return SPLIT if any(end < view.end for view in views) else BEYOND
    if limits.max_width is not None and end - start >= limits.max_width:
        return WIDE
    return "" if any(view.reads(start, end) for view in views) else HIDDEN
