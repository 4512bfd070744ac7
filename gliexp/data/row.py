"""One row of a data file, checked and brought into GLiNER's form.

The library would take most of what is refused here and train wrong on it: a string index gives zero positives, a
negative start corrupt labels, a reversed span half a label. So nothing is guessed; a row is right or it is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gliexp.data import words

Example = dict[str, Any]

MARKERS = ("<<ENT>>", "<<SEP>>", "<<REL>>", "<<LABEL>>")

# The key of our form, and the names under which a file may carry it when `data.fields` says nothing.
ALIASES: dict[str, tuple[str, ...]] = {
    "tokens": ("tokenized_text", "tokens"),
    "text": ("text",),
    "ner": ("ner", "ner_tags", "entities"),
    "relations": ("relations",),
}


class BadRow(Exception):
    """A row that cannot be used; the message says why, without file and line."""


@dataclass
class Tidied:
    """What a row became, and how many of its entities or relations said the same thing twice."""

    example: Example
    dropped: dict[str, int] = field(default_factory=dict)


class RowReader:
    """Checks rows under one mapping of field names (`{"tokens": "words", ...}`; without a name, ALIASES)."""

    def __init__(self, fields: Mapping[str, str | None] | None = None) -> None:
        self._names = {key: _names((fields or {}).get(key), usual) for key, usual in ALIASES.items()}

    def tidy(self, row: object) -> Tidied:
        """`row` in GLiNER's form with inclusive word indices; raises BadRow saying what is wrong with it."""
        if not isinstance(row, dict):
            raise BadRow(f"a row must be an object, this one is {kind(row)}")
        tokens_name, tokens = self._find(row, "tokens")
        text_name, text = self._find(row, "text")
        if tokens_name:
            tokens = _tokens(tokens, tokens_name)
            found: list[words.Word] | None = None
        elif text_name:
            _refuse_markers([text] if isinstance(text, str) else [])
            found = _split(text, text_name)
            tokens = [word.text for word in found]
        else:
            raise BadRow(f"neither {' nor '.join((*self._names['tokens'], *self._names['text']))} is there")
        _refuse_markers(tokens)
        name, items = self._find(row, "ner")
        if not name:
            raise BadRow(
                f"no entities: {' or '.join(self._names['ner'])} is missing (an empty list says there are none)"
            )
        entities = [_entity(item, place, tokens, found, text) for place, item in enumerate(_listed(items, name))]
        example: Example = {"tokenized_text": tokens}
        tidied = Tidied(example)
        example["ner"], moved = _once(entities)
        if len(example["ner"]) < len(entities):
            tidied.dropped["entity stated twice"] = len(entities) - len(example["ner"])
        name, items = self._find(row, "relations")
        if name and items is not None:
            _add_relations(tidied, [_relation(item, place, moved) for place, item in enumerate(_listed(items, name))])
        _add_offered(example, row, "ner_labels", {label for *_, label in example["ner"]})
        _add_offered(example, row, "rel_labels", {label for *_, label in example.get("relations", [])})
        return tidied

    def _find(self, row: Mapping[str, Any], key: str) -> tuple[str, Any]:
        for name in self._names[key]:
            if name in row:
                return name, row[name]
        return "", None


def _names(named: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    """A usual name (the config's defaults are such) leaves the others good; one of the user's own stands alone."""
    if not named:
        return usual
    return (named, *(name for name in usual if name != named)) if named in usual else (named,)


def kind(value: object) -> str:
    """What a JSON value is, in the words of its writer."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _listed(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list, it is {kind(value)}")
    return value


def _tokens(value: object, name: str) -> list[str]:
    tokens = _listed(value, name)
    if not tokens:
        raise BadRow(f"{name} is empty")
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise BadRow(f"{name}[{place}] is {kind(token)}, not text")
        if not token or token.isspace():
            raise BadRow(f"{name}[{place}] is empty")
    return list(tokens)


def _split(text: object, name: str) -> list[words.Word]:
    if not isinstance(text, str):
        raise BadRow(f"{name} is {kind(text)}, not text")
    found = words.split(text)
    if not found:
        raise BadRow(f"{name} holds no word")
    return found


def _refuse_markers(tokens: Sequence[str]) -> None:
    for place, token in enumerate(tokens):
        if "<<" in token and (held := [marker for marker in MARKERS if marker in token]):
            raise BadRow(f"word {place} holds {held[0]}, which the model reserves for its prompt")


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(f"{what} is {value!r}, not a whole number")
    return value


def _label(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{what} is {kind(value)}, not text")
    if not value.strip():
        raise BadRow(f"{what} is empty")
    return value


def _parts(item: object, what: str, keys: tuple[str, str, str]) -> tuple[Any, Any, Any]:
    """The three values of a list or of an object with `keys`."""
    if isinstance(item, dict):
        missing = [key for key in keys if key not in item]
        if missing:
            raise BadRow(f"{what} lacks {', '.join(missing)}")
        return item[keys[0]], item[keys[1]], item[keys[2]]
    if isinstance(item, list) and len(item) == 3:
        return item[0], item[1], item[2]
    raise BadRow(f"{what} must be [{', '.join(keys)}] or an object with these keys, it is {item!r:.60}")


def _entity(
    item: object, place: int, tokens: Sequence[str], found: Sequence[words.Word] | None, text: Any
) -> tuple[int, int, str]:
    """(first word, last word inclusive, label); with `found` the item counts characters, end exclusive."""
    what = f"entity {place}"
    raw_start, raw_end, raw_label = _parts(item, what, ("start", "end", "label"))
    start, end = _whole(raw_start, f"{what}: start"), _whole(raw_end, f"{what}: end")
    label = _label(raw_label, f"{what}: label")
    size, unit = (len(tokens), "words") if found is None else (len(text), "characters")
    last = end if found is None else end - 1
    if start < 0 or end < 0:
        raise BadRow(f"{what}: [{start}, {end}] is negative")
    if start > last:
        raise BadRow(f"{what}: [{start}, {end}] ends before it starts")
    if last >= size:
        raise BadRow(f"{what}: [{start}, {end}] lies beyond the {size} {unit} of the row")
    if found is None:
        return start, end, label
    span = words.covering(found, start, end)
    if span is None:
        raise BadRow(f"{what}: characters {start} to {end} hold no word")
    return (*span, label)


def _once(entities: Sequence[tuple[int, int, str]]) -> tuple[list[list[Any]], list[int]]:
    """Each entity once, in order, and for every old index the new one."""
    index: dict[tuple[int, int, str], int] = {}
    moved = [index.setdefault(entity, len(index)) for entity in entities]
    return [list(entity) for entity in index], moved


def _relation(item: object, place: int, moved: Sequence[int]) -> tuple[int, int, str]:
    what = f"relation {place}"
    head, tail, label = _parts(item, what, ("head", "tail", "label"))
    ends = []
    for side, value in (("head", head), ("tail", tail)):
        index = _whole(value, f"{what}: {side}")
        if not 0 <= index < len(moved):
            raise BadRow(f"{what}: {side} {index} names no entity, the row has {len(moved)}")
        ends.append(moved[index])
    return ends[0], ends[1], _label(label, f"{what}: label")


def _add_relations(tidied: Tidied, relations: Sequence[tuple[int, int, str]]) -> None:
    kept = list(dict.fromkeys(relations))
    tidied.example["relations"] = [list(relation) for relation in kept]
    if len(kept) < len(relations):
        tidied.dropped["relation stated twice"] = len(relations) - len(kept)


def _add_offered(example: Example, row: Mapping[str, Any], key: str, gold: set[str]) -> None:
    """The row's own list of offered labels. It must hold every gold label: a missing one would be trained as absent."""
    if row.get(key) is None:
        return
    offered = [_label(value, f"{key}[{place}]") for place, value in enumerate(_listed(row[key], key))]
    missing = sorted(gold.difference(offered))
    if missing:
        raise BadRow(f"{key} lacks the row's own label {', '.join(missing)}")
    example[key] = list(dict.fromkeys(offered))
