"""Rows of entities and relations as columns; each word and label is there once a block, rows hold numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gliexp.data.row import Example
from gliexp.data.stored.block import COMMON, Block, Ints, Labels, common
from gliexp.data.stored.texts import NAMED, TEXT, lists, named, texts_of
from gliexp.data.twins import keys_of

_SPAN = pa.struct({"first": pa.int32(), "last": pa.int32(), "label": NAMED})
SCHEMA = pa.schema(
    {
        "words": pa.list_(NAMED),
        "ner": pa.list_(_SPAN),
        "relations": pa.list_(_SPAN),
        "ner_labels": pa.list_(NAMED),
        "rel_labels": pa.list_(NAMED),
        "more": TEXT,
        **COMMON,
    }
)
"""`more` is JSON of what else a row has."""

KEYS = frozenset(("tokenized_text", "ner", "relations", "ner_labels", "rel_labels"))


def encode(rows: Sequence[Example], lines: Sequence[int], files: Sequence[str]) -> Any:
    """The record batch of some rows in GLiNER's form."""
    words = [row["tokenized_text"] for row in rows]
    columns = {
        "words": lists(named(chain.from_iterable(words)), list(map(len, words))),
        "ner": _spans([row["ner"] for row in rows]),
        "relations": _spans([row.get("relations") for row in rows]),
        "ner_labels": _named_lists([row.get("ner_labels") for row in rows]),
        "rel_labels": _named_lists([row.get("rel_labels") for row in rows]),
        "more": pa.array([_more(row) for row in rows], TEXT),
        **common([_labels(row) for row in rows], lines, files, [keys_of(row) for row in rows]),
    }
    arrays = [columns[field.name].cast(field.type) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


class EntityBlock(Block):
    """Decodes SCHEMA."""

    @cached_property
    def lengths(self) -> Ints:  # type: ignore[override]
        """Words of each row."""
        return np.diff(self.word_offsets)

    @cached_property
    def word_offsets(self) -> Ints:
        """Where in `word_numbers` each row begins, and the end."""
        return _offsets(self.column("words"))

    @cached_property
    def word_numbers(self) -> Ints:
        """The numbers of all words, row by row: places in `words`."""
        found: Ints = self.column("words").values.indices.to_numpy()
        return found

    def word_sums(
        self, rows: Ints, costs_of: Callable[[list[str]], Sequence[int]], windows: tuple[Ints, Ints] | None = None
    ) -> Ints:
        """For each of these rows, or windows of them, the sum of what its words cost; no others are asked about."""
        begin = self.word_offsets[rows].astype(np.int64)
        size = self.word_offsets[rows + 1] - begin
        if windows is not None:
            begin, size = begin + windows[0], windows[1] - windows[0]
        numbers = self.word_numbers[np.arange(int(size.sum())) + np.repeat(begin - (np.cumsum(size) - size), size)]
        dictionary = self.column("words").values.dictionary
        used = np.zeros(len(dictionary), bool)
        used[numbers] = True
        place = np.cumsum(used) - 1
        costs = np.asarray(costs_of(texts_of(dictionary.take(pa.array(np.flatnonzero(used))))), np.int64)
        return _sums(costs[place[numbers]], np.concatenate([[0], np.cumsum(size)]))

    def word_bounds(self) -> Ints:
        """For each row at least as many as its words can have sub-tokens.

        A word of ASCII has at most one a character and one for the space that some tokenizers put before it. Others may
        be normalised into more: U+FDFA, the worst, becomes 18 characters of two bytes in NFKC.
        """
        dictionary = self.column("words").values.dictionary
        size = pc.binary_length(dictionary).to_numpy().astype(np.int64)
        plain = pc.string_is_ascii(dictionary).to_numpy(zero_copy_only=False)
        return _sums(np.where(plain, size, 12 * size)[self.word_numbers] + 2, self.word_offsets)

    @property
    def words(self) -> list[str]:
        """The different words of the block; not kept."""
        return texts_of(self.column("words").values.dictionary)

    @cached_property
    def ner_offsets(self) -> Ints:
        """Where in `ner` each row begins, and the end."""
        return _offsets(self.column("ner"))

    @cached_property
    def ner(self) -> tuple[Ints, Ints, Ints]:
        """First words, last words and label numbers of all entities, row by row."""
        return _fields(self.column("ner"))

    @cached_property
    def ner_labels(self) -> list[str]:
        """The entity labels of the block."""
        return texts_of(self.column("ner").values.field(2).dictionary)

    @cached_property
    def _relations(self) -> tuple[Ints, tuple[Ints, Ints, Ints], list[str]]:
        column = self.column("relations")
        return _offsets(column), _fields(column), texts_of(column.values.field(2).dictionary)

    @property
    def relation_counts(self) -> dict[str, int]:
        """How often each relation label is given."""
        _, (*_, numbers), labels = self._relations
        return dict(zip(labels, np.bincount(numbers, minlength=len(labels)).tolist(), strict=True))

    def row(self, number: int) -> Example:
        start, end = self.word_offsets[number : number + 2].tolist()
        values = self.column("words").values
        return self._row(number, texts_of(values.dictionary.take(values.indices[start:end])))

    def rows(self) -> Iterator[Example]:
        words, offsets = self.words, self.word_offsets.tolist()
        numbers = self.word_numbers.tolist()
        for number in range(len(self)):
            yield self._row(number, [words[at] for at in numbers[offsets[number] : offsets[number + 1]]])

    def _row(self, number: int, words: list[str]) -> Example:
        example: Example = {"tokenized_text": words, "ner": _items(number, self.ner_offsets, self.ner, self.ner_labels)}
        if self._has("relations", number):
            example["relations"] = _items(number, *self._relations)
        for key in ("ner_labels", "rel_labels"):
            if self._has(key, number):
                example[key] = self.column(key)[number].as_py()
        if self._has("more", number):
            example |= json.loads(self.column("more")[number].as_py())
        return example

    def _has(self, name: str, number: int) -> bool:
        valid = self._valid[name]
        return valid is None or bool(valid[number])

    @cached_property
    def _valid(self) -> dict[str, Ints | None]:
        """For each column that a row may lack: whether it has it; None where all have."""
        names = ("relations", "ner_labels", "rel_labels", "more")
        columns = {name: self.column(name) for name in names}
        return {
            name: column.is_valid().to_numpy(zero_copy_only=False) if column.null_count else None
            for name, column in columns.items()
        }


def _sums(values: Ints, offsets: Ints) -> Ints:
    """The sums of the values between each offset and the next."""
    return np.diff(np.concatenate([[0], np.cumsum(values)])[offsets])


def _labels(row: Example) -> Labels:
    own, related = row.get("ner_labels"), row.get("rel_labels")
    return Labels(
        tuple(sorted({item[2] for item in row["ner"]})),
        tuple(sorted({item[2] for item in row.get("relations", ())})),
        None if own is None else tuple(own),
        None if related is None else tuple(related),
    )


def _more(row: Example) -> str | None:
    if row.keys() <= KEYS:
        return None
    return json.dumps({key: value for key, value in row.items() if key not in KEYS}, ensure_ascii=False)


def _spans(items: Sequence[Any]) -> Any:
    flat = [span for of_row in items for span in of_row or ()]
    columns = [pa.array([span[place] for span in flat], pa.int32()) for place in (0, 1)]
    values = pa.StructArray.from_arrays([*columns, named(span[2] for span in flat)], fields=list(_SPAN))
    return lists(values, [len(of_row or ()) for of_row in items], [of_row is None for of_row in items])


def _named_lists(items: Sequence[Any]) -> Any:
    values = named(chain.from_iterable(of_row or () for of_row in items))
    return lists(values, [len(of_row or ()) for of_row in items], [of_row is None for of_row in items])


def _offsets(column: Any) -> Ints:
    found: Ints = column.offsets.to_numpy()
    return found


def _fields(column: Any) -> tuple[Ints, Ints, Ints]:
    first, last, label = (column.values.field(place) for place in range(3))
    return first.to_numpy(), last.to_numpy(), label.indices.to_numpy()


def _items(number: int, offsets: Ints, fields: tuple[Ints, Ints, Ints], labels: Sequence[str]) -> list[list[Any]]:
    start, end = offsets[number : number + 2].tolist()
    firsts, lasts, numbers = (field[start:end].tolist() for field in fields)
    return [[first, last, labels[label]] for first, last, label in zip(firsts, lasts, numbers, strict=True)]
