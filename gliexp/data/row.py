"""One row of a data file, checked and brought into GLiNER's form.

The library would take most of what is refused here and train wrong on it: a string index gives zero positives, a
negative start corrupt labels, a reversed span half a label. So nothing is guessed; a row is right or it is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from gliexp.data import listing, spans, tags, values, word_list, words
from gliexp.data.bad_row import BadRow as BadRow
from gliexp.data.renaming import Renaming

Example = dict[str, Any]

# The key of our form, and the names under which a file may carry it when `data.fields` says nothing.
ALIASES: dict[str, tuple[str, ...]] = {
    "tokens": ("tokenized_text", "tokens"),
    "text": ("text",),
    "ner": ("ner", "ner_tags", "entities"),
    "relations": ("relations",),
    "labels": ("true_labels", "all_labels", "labels", "label"),
}
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

    `tag_names` name tags that are numbers. With `cells`, lists may be written as text, as in CSV. `rename` gives labels
    other names. `scheme` is how tags are written; None looks at each row by itself, `look` settles it for a file.
    """

    def __init__(
        self,
        fields: Mapping[str, str | None] | None = None,
        *,
        tag_names: Sequence[str] | None = None,
        cells: bool = False,
        rename: Renaming | None = None,
    ) -> None:
        self.names = {key: _names((fields or {}).get(key), usual) for key, usual in ALIASES.items()}
        self.tag_names = tag_names
        self.cells = cells
        self.rename = rename or Renaming()
        self.scheme: tags.Scheme | None = None

    def look(self, rows: Iterable[object]) -> None:
        """Settle the scheme of the tags from rows, taken one at a time; without any tags it stays open."""
        sequences = filter(None, map(self._tags_of, rows))
        first = next(sequences, None)
        if first is not None:
            self.scheme = tags.recognise(chain([first], sequences))

    def _tags_of(self, row: object) -> Sequence[str] | None:
        try:
            items = self._list(row, "ner", spans.ENTITY)[1] if isinstance(row, dict) else None
            return tags.named(items, self.tag_names) if items and tags.is_tag(items[0]) else None
        except BadRow:
            return None  # said when the row is read

    def has_tags(self, row: object) -> bool | None:
        """Whether the row has tags, one a word, and not spans; None where it does not tell."""
        try:
            items = self._list(row, "ner", spans.ENTITY)[1] if isinstance(row, dict) else None
        except BadRow:
            return None
        return tags.is_tag(items[0]) if items else None

    def tidy(self, row: object) -> Tidied:
        """`row` in GLiNER's form with inclusive word indices; raises BadRow saying what is wrong with it."""
        if not isinstance(row, dict):
            raise BadRow(f"a row must be an object, this one is {values.kind(row)}")
        tokens, found, text = self._words(row)
        tidied = Tidied({"tokenized_text": tokens})
        name, items = self._list(row, "ner", spans.ENTITY)
        if items is None:
            raise self._without_entities(row)
        if items and tags.is_tag(items[0]):
            entities = self._decoded(items, name, tokens, found, tidied)
        else:
            entities = [spans.entity(item, place, tokens, found, text) for place, item in enumerate(items)]
            if found is not None and (widened := spans.widened(items, entities, found, text)):
                tidied.dropped[WIDENED] = widened
        if self.rename:
            entities = [(start, end, self.rename(label)) for start, end, label in entities]
        example = tidied.example
        example["ner"], moved = spans.once(entities)
        if len(example["ner"]) < len(entities):
            tidied.dropped["entity stated twice"] = len(entities) - len(example["ner"])
        name, items = self._list(row, "relations", spans.RELATION)
        if items is not None:
            related = [spans.relation(item, place, moved) for place, item in enumerate(items)]
            _add_relations(tidied, [(head, tail, self.rename(label)) for head, tail, label in related])
        if row.get("clusters") is not None:
            found_clusters = spans.clusters(row["clusters"], moved)
            if found_clusters is None:
                tidied.dropped["clusters that are not lists of entities' places"] = 1
            else:
                example["clusters"] = found_clusters
        self._add_offered(example, row, "ner_labels", {label for *_, label in example["ner"]})
        self._add_offered(example, row, "rel_labels", {label for *_, label in example.get("relations", [])})
        return tidied

    def _words(self, row: Mapping[str, Any]) -> tuple[list[str], list[words.Word] | None, Any]:
        """The words; for a raw text also where they stand, and the text."""
        name, value = self._find(row, "tokens")
        if name:
            tokens = word_list.tokens_of(listing.from_cell(value, name) if self.cells else value, name)
            return tokens, None, None
        name, text = self._find(row, "text")
        if not name:
            raise Lacking(f"neither {' nor '.join((*self.names['tokens'], *self.names['text']))} is there{_has(row)}")
        found = word_list.split_of(text, name)
        return [word.text for word in found], found, text

    def _list(self, row: Mapping[str, Any], key: str, parts: Sequence[str]) -> tuple[str, Sequence[Any] | None]:
        """The name and the items of a field that holds a list, the items None where it is not there."""
        name, value = self._find(row, key)
        if type(value) is not list:
            if not name or (value is None and key == "relations"):
                return name, None
            value = listing.from_cell(value, name) if self.cells else value
            value = listing.side_by_side(value, parts, name)
        return name, values.listed(value, name)

    def _without_entities(self, row: Mapping[str, Any]) -> Lacking:
        whole, _ = self._find(row, "labels")
        names = " or ".join(self.names["ner"])
        if whole:
            return WholeText(f"{whole} labels whole texts, which is classification; entities ({names}) are missing")
        return Lacking(f"no entities: {names} is missing (an empty list says there are none){_has(row)}")

    def _decoded(
        self, items: Sequence[Any], name: str, tokens: Sequence[str], found: object, tidied: Tidied
    ) -> list[tuple[int, int, str]]:
        if found is not None:
            raise BadRow(f"{name} holds tags, one a word: that needs {' or '.join(self.names['tokens'])}, not raw text")
        if len(items) != len(tokens):
            raise BadRow(f"{name} holds {len(items)} tags for {len(tokens)} words")
        named = tags.named(items, self.tag_names)
        entities, mended = tags.decode(named, self.scheme or tags.recognise([named]))
        tidied.dropped.update(mended)
        for label in {label for *_, label in entities}:
            values.label(label, "the label of a tag")
        return entities

    def _add_offered(self, example: Example, row: Mapping[str, Any], key: str, gold: set[str]) -> None:
        """The row's own list of offered labels. It must hold every gold one: a missing one is trained as absent."""
        if row.get(key) is None:
            return
        offered = [values.label(value, f"{key}[{place}]") for place, value in enumerate(values.listed(row[key], key))]
        offered = self.rename.all(offered)
        missing = sorted(gold.difference(offered))
        if missing:
            raise BadRow(f"{key} lacks the row's own label {', '.join(missing)}")
        example[key] = list(dict.fromkeys(offered))

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


def _has(row: Mapping[str, Any]) -> str:
    """What the row has instead, for a reader of the message."""
    return f"; the row has {', '.join(map(str, list(row)[:8]))}" if row else ""


def _add_relations(tidied: Tidied, relations: Sequence[tuple[int, int, str]]) -> None:
    kept = list(dict.fromkeys(relations))
    tidied.example["relations"] = [list(relation) for relation in kept]
    if len(kept) < len(relations):
        tidied.dropped["relation stated twice"] = len(relations) - len(kept)
