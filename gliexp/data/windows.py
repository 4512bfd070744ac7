"""Where a long document is cut: into overlapping windows, at sentence ends and around entities where that can be.

Neighbouring windows share at least `overlap` words, so a span of at most that many words lies whole in one of them:
the first window that ends behind it begins, at the latest, `overlap` words before the end of the window before, which
did not reach the span's end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple

from gliexp.data.sentences import sentence_starts

NEAR = 4
"""A sentence end counts as near within 1/NEAR of the words by which a window goes beyond the one before."""


class Window(NamedTuple):
    """Words `start` to `end` of a document (0-based, `end` exclusive)."""

    start: int
    end: int

    def holds(self, first: int, last: int) -> bool:
        """Whether the span of words `first` to `last` (inclusive) lies whole in the window."""
        return self.start <= first and last < self.end


class Budget(NamedTuple):
    """What a window may cost at most beside its number of words: the cost of each word, and the sum that there is."""

    costs: Sequence[int]
    room: int


@dataclass(frozen=True)
class WindowRule:
    """How documents are cut: at most `max_words` words a window, at least `overlap` (0 <= overlap < max_words) shared.

    `respect_sentences` moves a border to a sentence end that is near.
    """

    max_words: int
    overlap: int
    respect_sentences: bool = True

    def windows(
        self, words: Sequence[str], entities: Iterable[Sequence[Any]] = (), budgets: Sequence[Budget] = ()
    ) -> list[Window]:
        """Windows over `words`, from the first word to the last; a single one if everything fits in it.

        `entities` ([first word, last word, ...]) are not cut where another border can be found. A window keeps within
        `budgets`, except that it always takes one word more than the overlap: what is over its budget then is for the
        caller to count.
        """
        cutter = _Cutter(self, words, entities, budgets)
        found = [Window(0, cutter.first_end())]
        while found[-1].end < len(words):
            found.append(cutter.after(found[-1]))
        return found


class _Cutter:
    """The borders of one document, by how good they are."""

    def __init__(
        self,
        rule: WindowRule,
        words: Sequence[str],
        entities: Iterable[Sequence[Any]],
        budgets: Sequence[Budget],
    ) -> None:
        self.rule = rule
        self.size = len(words)
        self.near = (rule.max_words - rule.overlap) // NEAR
        self.budgets = [([0, *accumulate(budget.costs)], budget.room) for budget in budgets]
        self.sentences = set(sentence_starts(words)) if rule.respect_sentences and self.size > rule.max_words else set()
        self.cuts = _cuts(self.size, entities)

    def first_end(self) -> int:
        return self._end(0, 0)

    def after(self, before: Window) -> Window:
        """The next window: begins `overlap` words before the end of the last, or earlier; ends beyond it.

        To find a better border it may begin earlier, but gives up at most half of the words that it adds.
        """
        latest = before.end - self.rule.overlap
        gain = self._reach(latest) - before.end
        allowed = range(max(before.start + 1, latest - gain // NEAR), latest + 1)
        useful = [start for start in allowed if self._reach(start) - before.end >= (gain + 1) // 2]
        start = min(useful, key=lambda at: self._badness(at, latest))
        return Window(start, self._end(start, before.end))

    def _end(self, start: int, beyond: int) -> int:
        """The best end of a window from `start` that goes beyond `beyond` and leaves the next one its overlap."""
        furthest = self._reach(start)
        if furthest == self.size:
            return furthest
        beyond = max(beyond, start + self.rule.overlap)
        allowed = range(furthest - (furthest - beyond - 1) // 2, furthest + 1)
        return min(allowed, key=lambda at: self._badness(at, furthest))

    def _badness(self, border: int, wanted: int) -> tuple[int, bool, int]:
        """What speaks against a border: entities that it cuts, then no sentence end, then its distance."""
        distance = abs(wanted - border)
        is_sentence = border in self.sentences and distance <= self.near
        return self.cuts[border], not is_sentence, distance

    def _reach(self, start: int) -> int:
        """The furthest end of a window from `start`."""
        end = min(self.size, start + self.rule.max_words)
        for sums, room in self.budgets:
            affordable = bisect_right(sums, sums[start] + room) - 1
            end = min(end, max(affordable, start + self.rule.overlap + 1))
        return end


def _cuts(size: int, entities: Iterable[Sequence[Any]]) -> list[int]:
    """How many entities a border before each word would cut; one number more than there are words."""
    changes = [0] * (size + 2)
    for first, last, *_ in entities:
        changes[first + 1] += 1
        changes[last + 1] -= 1
    return list(accumulate(changes[: size + 1]))
