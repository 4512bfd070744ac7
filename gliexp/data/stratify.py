"""Draws rows so that every label keeps its share, as far as whole rows allow.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, On the Stratification of Multi-label Data, ECML 2011): rows
are dealt out label by label, the rarest first, each to the side that still lacks more of the label.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Sequence
from heapq import heapify, heappop, heappush
from random import Random


def draw(labels: Sequence[Collection[str]], count: int, random: Random) -> set[int]:
    """`count` indices of rows whose labels are `labels`; a label of few rows stays with those not drawn."""
    return draw_shared(range(len(labels)), labels, count, random)


def draw_shared(kinds: Sequence[int], sets: Sequence[Collection[str]], count: int, random: Random) -> set[int]:
    """The same for rows that share their labels: row i has those of `sets[kinds[i]]`."""
    if not count:
        return set()
    rows_of: dict[str, array[int]] = defaultdict(lambda: array("q"))
    for index, kind in enumerate(kinds):
        for label in sets[kind]:
            rows_of[label].append(index)
    waiting_of = {label: len(rows) for label, rows in rows_of.items()}
    share = count / len(kinds)
    # What each side still lacks of each label; the last entry of `left` counts rows.
    lacks = {label: [len(rows) * share, len(rows) * (1 - share)] for label, rows in rows_of.items()}
    left = [count, len(kinds) - count]
    drawn: set[int] = set()
    dealt = bytearray(len(kinds))
    rarest = [(waiting, label) for label, waiting in waiting_of.items()]
    heapify(rarest)
    while rarest:
        waiting, label = heappop(rarest)
        if waiting != waiting_of[label]:  # rows were dealt since
            heappush(rarest, (waiting_of[label], label))
            continue
        rows = [index for index in rows_of.pop(label) if not dealt[index]]
        random.shuffle(rows)
        for index in rows:
            wanted = 0 if (lacks[label][0], left[0]) > (lacks[label][1], left[1]) else 1
            side = wanted if left[wanted] else 1 - wanted
            left[side] -= 1
            dealt[index] = 1
            if side == 0:
                drawn.add(index)
            for own in sets[kinds[index]]:
                lacks[own][side] -= 1
                waiting_of[own] -= 1
    rest = [index for index in range(len(kinds)) if not dealt[index]]
    return drawn.union(random.sample(rest, left[0]))
