"""What training cannot use of the data, counted and named before the library drops it without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gliexp.data.row import Example
from gliexp.errors import Problem, Refusal

SHOWN = 20

CUT = "row longer than max_len"
WORD = "word beyond max_len"
BEYOND = "entity beyond max_len"
WIDE = "entity wider than max_width"
SECOND = "second label on one span"
ENDLESS = "relation that lost an end"
EMPTIED = "row left without entity"


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


def account(
    rows: Sequence[Example],
    max_len: int,
    max_width: int | None = None,
    *,
    places: Sequence[str] | None = None,
    relations: bool = True,
    one_label: bool = False,
) -> Losses:
    """Count what a model with these limits cannot learn from `rows`.

    `max_len` is in words. `max_width` (words) is given for span modes and None for token modes, which know no width.
    `one_label` is for label decoders, which write one label for a span. `places` names the rows; `relations` False
    leaves relations out of account.
    """
    losses = Losses(rows=len(rows))
    for index, row in enumerate(rows):
        _account_row(losses, row, places[index] if places else f"row {index}", max_len, max_width, relations, one_label)
    return losses


def settle(losses: Losses, on_loss: str) -> str:
    """The summary of `losses` to show under on_loss "warn"; raises Refusal naming the places under "error"."""
    if losses and on_loss == "error":
        raise Refusal(
            Problem("data", f"{losses.counts[reason]} x {reason}: {', '.join(named)}", allowed="data.on_loss=warn")
            for reason, named in losses.places.items()
        )
    return losses.summary()


def _account_row(
    losses: Losses,
    row: Example,
    place: str,
    max_len: int,
    max_width: int | None,
    relations: bool,
    one_label: bool,
) -> None:
    beyond = len(row["tokenized_text"]) - max_len
    if beyond > 0:
        losses.add(CUT, place)
        losses.add(WORD, place, beyond)
    kept: set[int] = set()
    spans: set[tuple[int, int]] = set()
    for index, (start, end, _) in enumerate(row["ner"]):
        if end >= max_len:
            losses.add(BEYOND, place)
        elif max_width is not None and end - start >= max_width:
            losses.add(WIDE, place)
        else:
            kept.add(index)
            if one_label and (start, end) in spans:
                losses.add(SECOND, place)  # the classifier learns it; the decoder is taught the first alone
            spans.add((start, end))
    if row["ner"] and not kept:
        losses.add(EMPTIED, place)
    if relations:
        lost = sum(head not in kept or tail not in kept for head, tail, _ in row.get("relations", ()))
        losses.add(ENDLESS, place, lost)
