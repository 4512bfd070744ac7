"""One row of a data file, checked and brought into GLiNER's form.

The library would take most of what is refused here and train wrong on it: a string index gives zero positives, a
negative start corrupt labels, a reversed span half a label. So nothing is guessed; a row is right or it is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gliexp.data import listing, tags, words
from gliexp.data.bad_row import BadRow as BadRow

Example = dict[str, Any]

MARKERS = ("<<ENT>>", "<<SEP>>", "<<REL>>", "<<LABEL>>")

# The key of our form, and the names under which a file may carry it when `data.fields` says nothing.
ALIASES: dict[str, tuple[str, ...]] = {
    "tokens": ("tokenized_text", "tokens"),
    "text": ("text",),
    "ner": ("ner", "ner_tags", "entities"),
    "relations": ("relations",),
    "labels": ("true_labels", "all_labels", "labels", "label"),
}
_ENTITY = ("start", "end", "label")
_RELATION = ("head", "tail", "label")
WIDENED = "entity that began or ended inside a word (widened to whole words)"


class Lacking(BadRow):
    """A row without a column that it must have: most likely no row of the file has it."""


class WholeText(Lacking):
    """A row with labels of its whole text where entities are wanted."""


@dataclass
class Tidied:
    """What a row became, and what was left out or mended on the way, counted by reason."""

    example: Example
    dropped: dict[str, int] = field(default_factory=dict)


class RowReader:
    """Checks rows under one mapping of field names (`{"tokens": "words", ...}`; without a name, ALIASES).

    `tag_names` name tags that are numbers. With `cells`, lists may be written as text, as in CSV. `scheme` is how tags
    are written; None looks at each row by itself, `look` settles it for a file.
    """

    def __init__(
        self,
        fields: Mapping[str, str | None] | None = None,
        *,
        tag_names: Sequence[str] | None = None,
        cells: bool = False,
    ) -> None:
        self.names = {key: _names((fields or {}).get(key), usual) for key, usual in ALIASES.items()}
        self.tag_names = tag_names
        self.cells = cells
        self.scheme: tags.Scheme | None = None

    def look(self, rows: Iterable[object]) -> None:
        """Settle the scheme of the tags from some rows, where they have tags at all."""
        sequences = []
        for row in rows:
            try:
                items = self._listed(row, "ner", _ENTITY)[1] if isinstance(row, dict) else None
                if items and _is_tag(items[0]):
                    sequences.append(self._tags(items))
            except BadRow:
                continue  # said when the row is read
        if sequences:
            self.scheme = tags.recognise(sequences)

    def has_tags(self, row: object) -> bool | None:
        """Whether the row has tags, one a word, and not spans; None where it does not tell."""
        try:
            items = self._listed(row, "ner", _ENTITY)[1] if isinstance(row, dict) else None
        except BadRow:
            return None
        return _is_tag(items[0]) if items else None

    def tidy(self, row: object) -> Tidied:
        """`row` in GLiNER's form with inclusive word indices; raises BadRow saying what is wrong with it."""
        if not isinstance(row, dict):
            raise BadRow(f"a row must be an object, this one is {_kind(row)}")
        tokens, found, text = self._words(row)
        tidied = Tidied({"tokenized_text": tokens})
        name, items = self._listed(row, "ner", _ENTITY)
        if items is None:
            raise self._without_entities(row)
        if items and _is_tag(items[0]):
            entities = self._decoded(items, name, tokens, found, tidied)
        else:
            entities = [_entity(item, place, tokens, found, text) for place, item in enumerate(items)]
            if found is not None and (widened := _widened(items, entities, found, text)):
                tidied.dropped[WIDENED] = widened
        example = tidied.example
        example["ner"], moved = _once(entities)
        if len(example["ner"]) < len(entities):
            tidied.dropped["entity stated twice"] = len(entities) - len(example["ner"])
        name, items = self._listed(row, "relations", _RELATION)
        if items is not None:
            _add_relations(tidied, [_relation(item, place, moved) for place, item in enumerate(items)])
        _add_offered(example, row, "ner_labels", {label for *_, label in example["ner"]})
        _add_offered(example, row, "rel_labels", {label for *_, label in example.get("relations", [])})
        return tidied

    def _words(self, row: Mapping[str, Any]) -> tuple[list[str], list[words.Word] | None, Any]:
        """The words; for a raw text also where they stand, and the text."""
        name, value = self._find(row, "tokens")
        if name:
            tokens = _tokens(listing.from_cell(value, name) if self.cells else value, name)
            _refuse_markers(tokens)
            return tokens, None, None
        name, text = self._find(row, "text")
        if not name:
            raise Lacking(f"neither {' nor '.join((*self.names['tokens'], *self.names['text']))} is there{_has(row)}")
        _refuse_markers([text] if isinstance(text, str) else [])
        found = _split(text, name)
        tokens = [word.text for word in found]
        _refuse_markers(tokens)
        return tokens, found, text

    def _listed(self, row: Mapping[str, Any], key: str, parts: Sequence[str]) -> tuple[str, Sequence[Any] | None]:
        """The name and the items of a field that holds a list, the items None where it is not there."""
        name, value = self._find(row, key)
        if type(value) is not list:
            if not name or (value is None and key == "relations"):
                return name, None
            value = listing.from_cell(value, name) if self.cells else value
            value = listing.side_by_side(value, parts, name)
        return name, _listed(value, name)

    def _without_entities(self, row: Mapping[str, Any]) -> Lacking:
        whole, _ = self._find(row, "labels")
        names = " or ".join(self.names["ner"])
        if whole:
            return WholeText(f"{whole} labels whole texts, which is classification; entities ({names}) are missing")
        return Lacking(f"no entities: {names} is missing (an empty list says there are none){_has(row)}")

    def _tags(self, items: Sequence[Any]) -> list[str]:
        """Tags as text; numbers by `tag_names`."""
        names = self.tag_names
        if names is None and all(type(item) is str for item in items):
            return list(items)
        return [_tag(item, place, names) for place, item in enumerate(items)]

    def _decoded(
        self, items: Sequence[Any], name: str, tokens: Sequence[str], found: object, tidied: Tidied
    ) -> list[tuple[int, int, str]]:
        if found is not None:
            raise BadRow(f"{name} holds tags, one a word: that needs {' or '.join(self.names['tokens'])}, not raw text")
        if len(items) != len(tokens):
            raise BadRow(f"{name} holds {len(items)} tags for {len(tokens)} words")
        named = self._tags(items)
        spans, mended = tags.decode(named, self.scheme or tags.recognise([named]))
        tidied.dropped.update(mended)
        return spans

    def _find(self, row: Mapping[str, Any], key: str) -> tuple[str, Any]:
        for name in self.names[key]:
            if name in row:
                return name, row[name]
        return "", None


def _names(named: str | None, usual: tuple[str, ...]) -> tuple[str, ...]:
    """A usual name (the config's defaults are such) leaves the others good; one of the user's own stands alone."""
    if not named:
        return usual
    return (named, *(name for name in usual if name != named)) if named in usual else (named,)


def _kind(value: object) -> str:
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _has(row: Mapping[str, Any]) -> str:
    """What the row has instead, for a reader of the message."""
    return f"; the row has {', '.join(map(str, list(row)[:8]))}" if row else ""


def _is_tag(item: object) -> bool:
    return type(item) in (str, int)


def _tag(item: object, place: int, names: Sequence[str] | None) -> str:
    if type(item) is str and not (names and item.lstrip("-").isdigit()):
        return item
    if isinstance(item, bool) or not isinstance(item, (int, str)):
        raise BadRow(f"tag {place} is {_kind(item)}, not text or a whole number")
    if names is None:
        raise BadRow(f"tag {place} is the number {item}: data.tag_names must name the numbers")
    number = int(item)
    if not 0 <= number < len(names):
        raise BadRow(f"tag {place} is {number}, data.tag_names names 0 to {len(names) - 1}")
    return names[number]


def _widened(
    items: Sequence[Any], entities: Sequence[tuple[int, int, str]], found: Sequence[words.Word], text: str
) -> int:
    """How many entities of raw text do not begin and end with a word; space at their edges counts for nothing."""
    count = 0
    for item, (first, last, _) in zip(items, entities, strict=True):
        start, end, _ = _parts(item, "", _ENTITY)
        stands = text[found[first].start : found[last].end]
        count += text[start:end].strip() != stands
    return count


def _listed(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list, it is {_kind(value)}")
    return value


def _tokens(value: object, name: str) -> list[str]:
    tokens = _listed(value, name)
    if not tokens:
        raise BadRow(f"{name} is empty")
    # The words are most of a file, so the usual row is passed in two calls; only a bad one is looked at word by word.
    if set(map(type, tokens)) == {str} and all(map(str.strip, tokens)):
        return list(tokens)
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise BadRow(f"{name}[{place}] is {_kind(token)}, not text")
        if not token or token.isspace():
            raise BadRow(f"{name}[{place}] is empty")
    return list(tokens)


def _split(text: object, name: str) -> list[words.Word]:
    if not isinstance(text, str):
        raise BadRow(f"{name} is {_kind(text)}, not text")
    found = words.split(text)
    if not found:
        raise BadRow(f"{name} holds no word")
    return found


def _refuse_markers(tokens: Sequence[str]) -> None:
    if "<<" not in "\n".join(tokens):
        return
    for place, token in enumerate(tokens):
        if "<<" in token and (held := [marker for marker in MARKERS if marker in token]):
            raise BadRow(f"word {place} holds {held[0]}, which the model reserves for its prompt")


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(f"{what} is {value!r}, not a whole number")
    return value


def _label(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise BadRow(f"{what} is {_kind(value)}, not text")
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
    if found is None and type(item) is list and len(item) == 3:  # the usual case, passed without building messages
        first, final, name = item
        sound = type(first) is type(final) is int and 0 <= first <= final < len(tokens)
        if sound and type(name) is str and name.strip():
            return first, final, name
    what = f"entity {place}"
    raw_start, raw_end, raw_label = _parts(item, what, _ENTITY)
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
    head, tail, label = _parts(item, what, _RELATION)
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
