"""Which labels a training row is asked about.

The library draws them from global randomness and from sets, so its choice depends on PYTHONHASHSEED and on how far
ahead the workers read, and it cuts gold labels away at max_types. Here the choice depends on (seed, epoch, row) alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, NamedTuple

from gliexp.data.row import Example
from gliexp.errors import Problem, Refusal

POLICIES = ("all", "fixed", "sampled", "mixed")

# Share of the rows of policy "mixed" that see the whole set in its own order.
WHOLE_SHARE = 0.5


class Offered(NamedTuple):
    """The labels one row is asked about, in the order of the prompt."""

    entity: list[str]
    relation: list[str]


class LabelSampler:
    """Offers labels by one of POLICIES.

    "all" offers the whole fixed set to every row, in a new order each time; "fixed" always in the set's own order, so
    that a label may be known by its place, which suits a set that will never change; "sampled" offers the row's gold
    labels and between 0 and `negative_ratio` times as many others (at least one label in all); "mixed" offers half of
    the rows the whole set in its own order, which is how the model will be asked in the end, and the others their gold
    labels and a random part of the rest, in random order, which keeps it able to answer about sets that it was not
    trained on. At most `max_types` of each kind are offered, but a gold label is never dropped for it. A row's own
    ner_labels/rel_labels take the place of the set. `texts` are what stands in the prompt for labels, where it is not
    they themselves.
    """

    def __init__(
        self,
        entity_labels: Iterable[str],
        relation_labels: Iterable[str] = (),
        policy: str = "all",
        max_types: int = 25,
        negative_ratio: int = 1,
        texts: Mapping[str, str] | None = None,
    ) -> None:
        if policy not in POLICIES:
            raise Refusal([Problem("data.label_sampling", f"unknown policy {policy!r}", allowed=", ".join(POLICIES))])
        self._entity = _in_order(entity_labels)
        self._relation = _in_order(relation_labels)
        self._texts = texts or {}
        self._longest_entity = sorted(self._entity, key=self._shorter)
        self._longest_relation = sorted(self._relation, key=self._shorter)
        self._policy = policy
        self._max_types = max_types
        self._negative_ratio = negative_ratio

    def choose(self, gold: Iterable[str], own: Sequence[str] | None, *, seed: int, epoch: int, index: int) -> list[str]:
        """Labels for a row that holds `gold` and names `own` to choose from (None: the fixed entity set)."""
        draw = Random(f"gliexp labels {seed} {epoch} {index}")
        whole = self._whole(draw)
        return self._choose(draw, whole, gold, own, self._entity)

    def offer(self, example: Example, *, seed: int, epoch: int, index: int) -> Offered:
        """The labels for row `index` (its place in the training split) in `epoch`, the same for the same numbers."""
        draw = Random(f"gliexp labels {seed} {epoch} {index}")
        whole = self._whole(draw)
        entity = self._choose(
            draw, whole, (item[2] for item in example["ner"]), example.get("ner_labels"), self._entity
        )
        related = (item[2] for item in example.get("relations", ()))
        return Offered(entity, self._choose(draw, whole, related, example.get("rel_labels"), self._relation))

    def most(self, example: Mapping[str, Any]) -> Offered:
        """The longest prompt that `offer` can give this row in any epoch: its own labels and the longest others."""
        entity = self.longest((item[2] for item in example["ner"]), example.get("ner_labels"))
        related = (item[2] for item in example.get("relations", ()))
        return Offered(entity, self._longest(related, example.get("rel_labels"), self._longest_relation))

    def longest(self, gold: Iterable[str], own: Sequence[str] | None) -> list[str]:
        """The longest that `choose` can give a row that holds `gold` and names `own` to choose from."""
        return self._longest(gold, own, self._longest_entity)

    def _longest(self, given: Iterable[str], own: Sequence[str] | None, pool: Sequence[str]) -> list[str]:
        held = set(given)
        gold = sorted(held)
        count = max(0, self._max_types - len(gold))
        if self._policy == "sampled" and own is None:
            count = min(count, self._negative_ratio * len(gold) or max(1, self._negative_ratio))
        longest = pool if own is None else sorted(sorted(set(own)), key=self._shorter)
        return gold + list(islice((label for label in longest if label not in held), count))

    def _shorter(self, label: str) -> int:
        return -len(self._texts.get(label, label))

    def _whole(self, draw: Random) -> bool:
        """Whether the row is asked about the whole set."""
        return self._policy in ("all", "fixed") or (self._policy == "mixed" and draw.random() < WHOLE_SHARE)

    def _choose(
        self, draw: Random, whole: bool, given: Iterable[str], own: Sequence[str] | None, pool: Sequence[str]
    ) -> list[str]:
        held = set(given)
        gold = sorted(held)
        others = [label for label in (pool if own is None else sorted(set(own))) if label not in held]
        wanted = len(others) if whole or own is not None else self._wanted(draw, len(gold), len(others))
        room = max(0, self._max_types - len(gold))
        chosen = gold + draw.sample(others, min(wanted, room, len(others)))
        if whole and self._policy != "all":
            known = list(dict.fromkeys([*pool, *(own or ())]))
            return [label for label in known if label in chosen] + [label for label in gold if label not in known]
        draw.shuffle(chosen)
        return chosen

    def _wanted(self, draw: Random, gold: int, others: int) -> int:
        """How many labels that the row does not hold it is asked about."""
        if self._policy == "sampled":
            # A row without entities still teaches: asked about at least one label, it says "none of these".
            return (
                draw.randint(0, self._negative_ratio * gold) if gold else draw.randint(1, max(1, self._negative_ratio))
            )
        return draw.randint(0 if gold else min(1, others), others)


def _in_order(labels: Iterable[str]) -> list[str]:
    """Labels once each: a sequence in its own order, anything unordered sorted, so that no hash seed has a say."""
    return list(dict.fromkeys(labels if isinstance(labels, Sequence) else sorted(labels)))
