"""Mends what is wrong with a raw row where only one reading of it is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NUMBER = "index written as text or as a fraction of .0"
SPACE = "space around a label"
OFFERED = "own label added to the labels offered"
HOLLOW = "empty word left out"

_ENTITY = ("start", "end", "label")
_RELATION = ("head", "tail", "label")


@dataclass
class Mended:
    """The row after the repairs, and how often each was made. The row handed in is not changed."""

    row: object
    repairs: Counter[str] = field(default_factory=Counter)


def mend(row: object, names: Mapping[str, Sequence[str]]) -> Mended:
    """Repair `row`, whose columns go by `names` (as RowReader.names).

    Spans that are reversed, out of range or negative, and relations to entities that are not there, are left: what was
    meant cannot be known.
    """
    mended = Mended(row)
    if not isinstance(row, dict):
        return mended
    changed: dict[str, Any] = dict(row)
    mended.row = changed
    for key, parts in (("ner", _ENTITY), ("relations", _RELATION)):
        for name in _there(changed, names[key]):
            changed[name] = [_item(item, parts, mended.repairs) for item in changed[name]]
    for name in ("ner_labels", "rel_labels"):
        if isinstance(changed.get(name), list):
            changed[name] = [trimmed(label, mended.repairs) for label in changed[name]]
    _leave_hollow_words_out(changed, names, mended.repairs)
    _offer_own(changed, "ner_labels", names["ner"], mended.repairs)
    _offer_own(changed, "rel_labels", names["relations"], mended.repairs)
    return mended


def _there(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [name for name in names if isinstance(row.get(name), list)][:1]


def _item(item: object, parts: tuple[str, str, str], repairs: Counter[str]) -> object:
    first, second, label = parts
    if isinstance(item, dict):
        whole = {key: _whole(item[key], repairs) for key in (first, second) if key in item}
        named = {label: trimmed(item[label], repairs)} if label in item else {}
        return {**item, **whole, **named}
    if isinstance(item, list) and len(item) == 3:
        return [_whole(item[0], repairs), _whole(item[1], repairs), trimmed(item[2], repairs)]
    return item


def _whole(value: object, repairs: Counter[str]) -> object:
    digits = value.strip() if isinstance(value, str) else ""
    if not (digits.isascii() and digits.isdigit()) and not (isinstance(value, float) and value.is_integer()):
        return value
    repairs[NUMBER] += 1
    return int(value)  # type: ignore[call-overload]


def trimmed(value: object, repairs: Counter[str]) -> object:
    """A label without the space around it; what is no label comes back as it is."""
    if not isinstance(value, str) or not value.strip() or value == value.strip():
        return value
    repairs[SPACE] += 1
    return value.strip()


def _leave_hollow_words_out(row: dict[str, Any], names: Mapping[str, Sequence[str]], repairs: Counter[str]) -> None:
    """Only where every span stays: one that begins or ends on an empty word has no certain border."""
    for name in _there(row, names["tokens"]):
        words = row[name]
        if not all(isinstance(word, str) for word in words):
            continue
        solid = [bool(word.strip()) for word in words]
        if all(solid) or not any(solid):
            continue
        moved = [sum(solid[:place]) for place in range(len(words))]
        for spans in _there(row, names["ner"]):
            shifted = [_shifted(item, solid, moved) for item in row[spans]]
            if None in shifted:
                return
            row[spans] = shifted
        row[name] = [word for word, keep in zip(words, solid, strict=True) if keep]
        repairs[HOLLOW] += len(words) - sum(solid)


def _shifted(item: object, solid: Sequence[bool], moved: Sequence[int]) -> object | None:
    start, end = (item.get("start"), item.get("end")) if isinstance(item, dict) else _ends(item)
    if type(start) is not int or type(end) is not int:
        return None
    if not (0 <= start <= end < len(solid) and solid[start] and solid[end]):
        return None
    if isinstance(item, dict):
        return {**item, "start": moved[start], "end": moved[end]}
    return [moved[start], moved[end], *list(item)[2:]]  # type: ignore[call-overload]


def _ends(item: object) -> tuple[object, object]:
    return (item[0], item[1]) if isinstance(item, list) and len(item) == 3 else (None, None)


def _offer_own(row: dict[str, Any], offered: str, names: Sequence[str], repairs: Counter[str]) -> None:
    if not isinstance(row.get(offered), list):
        return
    for name in _there(row, names):
        own = [item.get("label") if isinstance(item, dict) else item[-1] for item in row[name] if item]
        missing = [label for label in own if isinstance(label, str) and label.strip() and label not in row[offered]]
        if missing:
            row[offered] = [*row[offered], *dict.fromkeys(missing)]
            repairs[OFFERED] += len(set(missing))
