"""The rows of one file in blocks, and the builder that fills them a few thousand rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from gliexp.data.row import Example
from gliexp.data.stored import class_block, entity_block
from gliexp.data.stored.block import Block

ROWS = 50_000
WORDS = 2_000_000
CHARACTERS = 100_000_000
"""A block ends at so many rows, words or characters: it is held as Python objects, and Arrow's offsets are 32 bits."""


class Kind(NamedTuple):
    """A form of rows: how they become a record batch, and the block that reads it."""

    name: str
    schema: Any
    encode: Callable[[Sequence[Example], Sequence[int], Sequence[str]], Any]
    block: Callable[[Any], Block]


ENTITIES = Kind("entities", entity_block.SCHEMA, entity_block.encode, entity_block.EntityBlock)
CLASSES = Kind("classes", class_block.SCHEMA, class_block.encode, class_block.ClassBlock)


def kind_of(row: Example) -> Kind:
    """The form of a row."""
    return ENTITIES if "tokenized_text" in row else CLASSES


KINDS = {kind.name: kind for kind in (ENTITIES, CLASSES)}


@dataclass
class Table:
    """Blocks of rows in the file's order; `path` names the file in places.

    `mapped` is the Arrow file that the blocks are mapped from, if they are: another process maps it too.
    """

    path: str = ""
    blocks: list[Block] = field(default_factory=list)
    mapped: str = ""

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def __reduce__(self) -> tuple[Any, ...]:
        if self.mapped:
            return map_file, (self.path, self.mapped, kind_of(self.blocks[0].row(0)).name)
        return super().__reduce__()  # type: ignore[return-value]


def map_file(path: str, file: str, kind: str) -> Table:
    """The table of an Arrow file, mapped into memory. Raises OSError and pyarrow's ArrowException."""
    batches = pa.ipc.open_stream(pa.memory_map(file))
    return Table(path, [KINDS[kind].block(batch) for batch in batches], file)


class Builder:
    """Gathers rows into record batches and hands each over when it is full; `close` hands over the last."""

    def __init__(self, kind: Kind, take: Callable[[Any], None]) -> None:
        self.kind = kind
        self._take = take
        self._clear()

    def _clear(self) -> None:
        self._rows: list[Example] = []
        self._lines: list[int] = []
        self._files: list[str] = []
        self._words = self._characters = 0

    def add(self, row: Example, line: int, file: str = "") -> None:
        """One more row, and where it stands."""
        self._rows.append(row)
        self._lines.append(line)
        self._files.append(file)
        words = row["tokenized_text"] if self.kind is ENTITIES else (row["text"],)
        self._words += len(words)
        self._characters += sum(map(len, words))
        if len(self._rows) >= ROWS or self._words >= WORDS or self._characters >= CHARACTERS:
            self.close()

    def close(self) -> None:
        """Hand over what is left."""
        if self._rows:
            batch = self.kind.encode(self._rows, self._lines, self._files)
            self._clear()
            self._take(batch)


def in_memory(rows: Sequence[Example], path: str = "row") -> Table:
    """A table of rows that are there already; their places are `path`:0, `path`:1 and so on."""
    table = Table(path)
    if not len(rows):
        return table
    kind = kind_of(rows[0])
    builder = Builder(kind, lambda batch: table.blocks.append(kind.block(batch)))
    for number, row in enumerate(rows):
        builder.add(row, number)
    builder.close()
    return table
