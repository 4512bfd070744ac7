"""Entities and relations of a row, each checked against the row's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliexp.data import values, words
from gliexp.data.bad_row import BadRow

ENTITY = ("start", "end", "label")
RELATION = ("head", "tail", "label")


def entity(
    item: object, place: int, tokens: Sequence[str], found: Sequence[words.Word] | None, text: Any
) -> tuple[int, int, str]:
    """(first word, last word inclusive, label); with `found` the item counts characters, end exclusive."""
    if found is None and type(item) is list and len(item) == 3:  # the usual case, passed without building messages
        first, final, name = item
        sound = type(first) is type(final) is int and 0 <= first <= final < len(tokens)
        if sound and type(name) is str and name.isascii() and name.strip():
            return first, final, name
    what = f"entity {place}"
    raw_start, raw_end, raw_label = values.parts(item, what, ENTITY)
    start, end = values.whole(raw_start, f"{what}: start"), values.whole(raw_end, f"{what}: end")
    label = values.label(raw_label, f"{what}: label")
    size, unit = (len(tokens), "words") if found is None else (len(text), "characters")
    last = end if found is None else end - 1
    if start < 0 or end < 0:
        raise BadRow(f"{what}: [{start}, {end}] is negative")
    if start > last:
        raise BadRow(f"{what}: [{start}, {end}] ends before it starts")
    if last >= size:
        raise BadRow(f"{what}: [{start}, {end}] lies beyond the {size} {unit} of the row")
    _agree(item, what, " ".join(tokens[start : end + 1]) if found is None else text[start:end])
    if found is None:
        return start, end, label
    span = words.covering(found, start, end)
    if span is None:
        raise BadRow(f"{what}: characters {start} to {end} hold no word")
    return (*span, label)


def _agree(item: object, what: str, stands: str) -> None:
    """Raise BadRow where an object says which text it means and its place holds another; spaces count for nothing.

    That is how an exclusive end over words, or offsets into another version of the text, betray themselves.
    """
    stated = item.get("text") if isinstance(item, dict) else None
    if isinstance(stated, str) and "".join(stated.split()) != "".join(stands.split()):
        raise BadRow(f"{what} says {stated!r:.40}, at its place stands {stands!r:.40}")


def widened(
    items: Sequence[Any], entities: Sequence[tuple[int, int, str]], found: Sequence[words.Word], text: str
) -> int:
    """How many entities of raw text do not begin and end with a word; space at their edges counts for nothing."""
    count = 0
    for item, (first, last, _) in zip(items, entities, strict=True):
        start, end, _ = values.parts(item, "", ENTITY)
        stands = text[found[first].start : found[last].end]
        count += text[start:end].strip() != stands
    return count


def once(entities: Sequence[tuple[int, int, str]]) -> tuple[list[list[Any]], list[int]]:
    """Each entity once, in order, and for every old index the new one."""
    index: dict[tuple[int, int, str], int] = {}
    moved = [index.setdefault(entity, len(index)) for entity in entities]
    return [list(entity) for entity in index], moved


def relation(item: object, place: int, moved: Sequence[int]) -> tuple[int, int, str]:
    """(head, tail, label) with the entities' new indices, of which `moved` holds one for every old index."""
    what = f"relation {place}"
    head, tail, label = values.parts(item, what, RELATION)
    ends = []
    for side, value in (("head", head), ("tail", tail)):
        index = values.whole(value, f"{what}: {side}")
        if not 0 <= index < len(moved):
            raise BadRow(f"{what}: {side} {index} names no entity, the row has {len(moved)}")
        ends.append(moved[index])
    return ends[0], ends[1], values.label(label, f"{what}: label")


def clusters(value: object, moved: Sequence[int]) -> list[list[int]] | None:
    """Lists of entities that are one and the same, by the entities' new indices; None where it is something else."""
    if not isinstance(value, list) or not all(isinstance(cluster, list) for cluster in value):
        return None
    if not all(type(index) is int and 0 <= index < len(moved) for cluster in value for index in cluster):
        return None
    return [sorted({moved[index] for index in cluster}) for cluster in value]
