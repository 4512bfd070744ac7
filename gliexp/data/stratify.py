"""Draws rows so that every label keeps its share, as far as whole rows allow.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-label Data, ECML 2011): rows
are dealt out label by label, the rarest first, each to the side that still lacks more of the label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from random import Random


def draw(labels: Sequence[Collection[str]], count: int, random: Random) -> set[int]:
    """`count` indices of rows whose labels are `labels`; a label of few rows stays with those not drawn."""
    if not count:
        return set()
    rows_of: dict[str, set[int]] = defaultdict(set)
    for index, own in enumerate(labels):
        for label in own:
            rows_of[label].add(index)
    share = count / len(labels)
    # What each side still lacks of each label; the last entry of `left` counts rows.
    lacks = {label: [len(rows) * share, len(rows) * (1 - share)] for label, rows in rows_of.items()}
    left = [count, len(labels) - count]
    drawn: set[int] = set()
    dealt: set[int] = set()

    def deal(index: int, side: int) -> None:
        left[side] -= 1
        dealt.add(index)
        if side == 0:
            drawn.add(index)
        for label in set(labels[index]):
            lacks[label][side] -= 1
            rows_of[label].discard(index)

    open_labels = set(rows_of)
    while open_labels:
        label = min(open_labels, key=lambda name: (len(rows_of[name]), name))
        open_labels.remove(label)
        waiting = sorted(rows_of[label])
        random.shuffle(waiting)
        for index in waiting:
            wanted = 0 if (lacks[label][0], left[0]) > (lacks[label][1], left[1]) else 1
            deal(index, wanted if left[wanted] else 1 - wanted)
    rest = [index for index in range(len(labels)) if index not in dealt]
    return drawn.union(random.sample(rest, left[0]))
