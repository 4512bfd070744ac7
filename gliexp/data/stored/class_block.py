"""Rows of classification as columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gliexp.data.row import Example
from gliexp.data.stored.block import COMMON, Block, Ints, Labels, common
from gliexp.data.stored.texts import TEXT
from gliexp.data.twins import keys_of

SCHEMA = pa.schema(
    {
        "text": TEXT,
        "true": pa.list_(pa.struct({"label": TEXT, "score": pa.float64()})),
        "all_labels": pa.list_(TEXT),
        "prompt": TEXT,
        "examples": pa.list_(pa.struct({"text": TEXT, "labels": pa.list_(TEXT)})),
        **COMMON,
    }
)
PLAIN = ("text", "true", "all_labels", "prompt", "examples")


def encode(rows: Sequence[Example], lines: Sequence[int], files: Sequence[str]) -> Any:
    """The record batch of some rows as ClassRowReader gives them."""
    columns: dict[str, Any] = {
        name: pa.array([row.get(name) for row in rows], SCHEMA.field(name).type) for name in PLAIN if name != "true"
    }
    true = [[{"label": label, "score": score} for label, score in row["true"].items()] for row in rows]
    columns["true"] = pa.array(true, SCHEMA.field("true").type)
    labels = [Labels(tuple(row["true"]), (), _offered(row)) for row in rows]
    columns |= common(labels, lines, files, [keys_of(row) for row in rows])
    return pa.RecordBatch.from_arrays([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


class ClassBlock(Block):
    """Decodes SCHEMA."""

    @cached_property
    def lengths(self) -> Ints:  # type: ignore[override]
        """Characters of each text."""
        found: Ints = pc.utf8_length(self.column("text")).to_numpy()
        return found

    def row(self, number: int) -> Example:
        return _decoded({name: self.column(name)[number].as_py() for name in PLAIN})

    def rows(self) -> Iterator[Example]:
        yield from map(_decoded, self.batch.select(list(PLAIN)).to_pylist())


def _decoded(plain: dict[str, Any]) -> Example:
    example = {name: value for name, value in plain.items() if value is not None}
    example["true"] = {item["label"]: item["score"] for item in plain["true"]}
    return example


def _offered(row: Example) -> tuple[str, ...] | None:
    return tuple(row["all_labels"]) if "all_labels" in row else None
