"""What every block of rows can say, whatever the task."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy.typing as npt
import pyarrow as pa

from gliexp.data.row import Example
from gliexp.data.stored.texts import NAMED, TEXT, named, texts_of

Ints = npt.NDArray[Any]


class Labels(NamedTuple):
    """The labels of a row: those that it holds, and its own lists of offered ones (None: the run's set).

    Rows with the same labels share one; a classification row has `entity` labels alone.
    """

    entity: tuple[str, ...]
    relation: tuple[str, ...] = ()
    entity_offered: tuple[str, ...] | None = None
    relation_offered: tuple[str, ...] | None = None

    def example(self) -> Example:
        """A row of entities without words that has these labels, for whoever wants to know labels alone."""
        example: Example = {"ner": [[0, 0, label] for label in self.entity]}
        example["relations"] = [[0, 0, label] for label in self.relation]
        for key, offered in (("ner_labels", self.entity_offered), ("rel_labels", self.relation_offered)):
            if offered is not None:
                example[key] = list(offered)
        return example


COMMON = {
    "labels": NAMED,
    "line": pa.int64(),
    "file": NAMED,
    "text_key": pa.uint64(),
    "said_key": pa.uint64(),
}
"""Columns of every block: Labels as JSON, where a row stands, 64 bits each for its text and for what is said of it."""


class Block:
    """Some rows of one file as a record batch. `lengths` are words, or characters of a classification text."""

    lengths: Ints

    def __init__(self, batch: Any) -> None:
        self.batch = batch

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def row(self, number: int) -> Example:
        """Row `number` of the block."""
        raise NotImplementedError

    def rows(self) -> Iterator[Example]:
        """All of them, faster than one at a time."""
        raise NotImplementedError

    def column(self, name: str) -> Any:
        """A column's array."""
        return self.batch.column(name)

    def numbers(self, name: str) -> Ints:
        """A column of numbers without nulls."""
        found: Ints = self.column(name).to_numpy()
        return found

    @cached_property
    def label_numbers(self) -> Ints:
        """For each row the place of its labels in `label_sets`."""
        found: Ints = self.column("labels").indices.to_numpy()
        return found

    @property
    def label_sets(self) -> list[Labels]:
        """The different labels of the rows."""
        return [_labels(text) for text in texts_of(self.column("labels").dictionary)]

    def place(self, number: int) -> tuple[str, int]:
        """(file inside a directory or "", line) of a row."""
        return self.column("file")[number].as_py(), self.column("line")[number].as_py()


def common(
    labels: Sequence[Labels], lines: Sequence[int], files: Sequence[str], keys: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    """The arrays of COMMON for some rows."""
    return {
        "labels": named(json.dumps(one, ensure_ascii=False) for one in labels),
        "line": pa.array(lines, pa.int64()),
        "file": pa.array(files, TEXT).dictionary_encode(),
        "text_key": pa.array([text for text, _ in keys], pa.uint64()),
        "said_key": pa.array([said for _, said in keys], pa.uint64()),
    }


def _labels(text: str) -> Labels:
    entity, relation, entity_offered, relation_offered = json.loads(text)
    return Labels(
        tuple(entity),
        tuple(relation),
        None if entity_offered is None else tuple(entity_offered),
        None if relation_offered is None else tuple(relation_offered),
    )
