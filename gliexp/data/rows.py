"""The rows of a split as a sequence, whether their blocks lie in memory or are mapped from the cache.

A row becomes Python objects when it is asked for; what the start of a run wants to know of all rows (lengths, labels,
spans) is read from the columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt

from gliexp.data.chunking import part
from gliexp.data.row import Example
from gliexp.data.stored.block import Block, Labels
from gliexp.data.stored.entity_block import EntityBlock
from gliexp.data.stored.table import Table, in_memory
from gliexp.data.windows import Window

Ints = npt.NDArray[np.int64]
Item = TypeVar("Item")


class Spans(NamedTuple):
    """All entities: the place of their row in the split, first and last word (inclusive) in it, label by `labels`."""

    row: Ints
    first: Ints
    last: Ints
    label: Ints
    labels: list[str]


class Rows(Sequence[Example]):
    """Some rows of some tables, in any order, each whole or a window of its words.

    `numbers` count through the tables' rows; without them all rows are there once. `starts` and `ends` (exclusive) are
    the windows.
    """

    def __init__(
        self,
        tables: Iterable[Table] = (),
        numbers: Any = None,
        starts: Any = None,
        ends: Any = None,
    ) -> None:
        self._tables = list(tables)
        self._blocks = [(table.path, block) for table in self._tables for block in table.blocks]
        sizes = [len(block) for _, block in self._blocks]
        self._borders = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        whole = np.arange(self._borders[-1], dtype=np.int64)
        self._numbers: Ints = whole if numbers is None else np.asarray(numbers, np.int64)
        self._windows = None if starts is None else (np.asarray(starts, np.int64), np.asarray(ends, np.int64))

    @classmethod
    def of(cls, rows: Sequence[Example]) -> Rows:
        """`rows` themselves where they are Rows, else a table of them."""
        return rows if isinstance(rows, Rows) else cls([in_memory(rows)])

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Example | Rows:
        if isinstance(index, slice):
            return self.select(np.arange(len(self))[index])
        block, number = self._find(index)
        return self._cut(index, self._blocks[block][1].row(number))

    def __iter__(self) -> Iterator[Example]:
        at = 0
        while at < len(self):
            block = self._find(at)[0]
            first, end = int(self._borders[block]), int(self._borders[block + 1])
            stop = min(at + end - first, len(self))
            wanted = self._numbers[at:stop]
            if stop - at == end - first and wanted[0] == first and bool((np.diff(wanted) == 1).all()):
                for place, row in enumerate(self._blocks[block][1].rows(), at):
                    yield self._cut(place, row)
                at = stop
            else:
                yield self[at]
                at += 1

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, (str, bytes)):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        starts, ends = self._windows or (None, None)
        return Rows, (self._tables, self._numbers, starts, ends)

    def __repr__(self) -> str:
        return f"Rows({len(self)} rows of {', '.join(table.path for table in self._tables)})"

    def select(self, numbers: Any) -> Rows:
        """The rows at these places of the split, in this order."""
        at = np.asarray(numbers, np.int64)
        windows = (None, None) if self._windows is None else (self._windows[0][at], self._windows[1][at])
        return Rows(self._tables, self._numbers[at], *windows)

    def windows(self, numbers: Any, starts: Any, ends: Any) -> Rows:
        """Windows (words from `starts` to `ends`, exclusive) of whole rows, each by its row's place in the split."""
        return Rows(self._tables, self._numbers[np.asarray(numbers, np.int64)], starts, ends)

    @property
    def places(self) -> Places:
        """`file:line` of each row."""
        return Places(self)

    def place(self, index: int) -> str:
        """`file:line` of one row."""
        block, number = self._find(index)
        path, held = self._blocks[block]
        file, line = held.place(number)
        return f"{path}/{file}:{line}" if file else f"{path}:{line}"

    @cached_property
    def lengths(self) -> Ints:
        """Words of each row (characters of a text that is classified)."""
        if self._windows is not None:
            return self._windows[1] - self._windows[0]
        return self._of_blocks(lambda block: block.lengths)

    @cached_property
    def labels(self) -> tuple[Ints, list[Labels]]:
        """For each row the place of its labels in the list beside; of whole rows, windows or not."""
        known: dict[Labels, int] = {}

        def numbered(block: Block) -> Ints:
            own = np.asarray([known.setdefault(one, len(known)) for one in block.label_sets], np.int64)
            return own[block.label_numbers]

        numbers = self._of_blocks(numbered)
        return numbers, list(known)

    def label_sets(self) -> list[Labels]:
        """The different labels that these rows have."""
        numbers, sets = self.labels
        return [sets[number] for number in np.unique(numbers).tolist()]

    def keys(self, name: str) -> npt.NDArray[np.uint64]:
        """ "text_key" or "said_key": 64 bits that stand for the words or for the annotation of a row."""
        return self._of_blocks(lambda block: block.numbers(name))

    def word_sums(self, costs_of: Callable[[list[str]], Sequence[int]]) -> Ints:
        """For each row the sum of what its words cost; `costs_of` gives the costs of different words."""
        sums = np.zeros(len(self), np.int64)
        for (_, block), first, end in zip(self._blocks, self._borders[:-1], self._borders[1:], strict=True):
            assert isinstance(block, EntityBlock)
            at = np.flatnonzero((self._numbers >= first) & (self._numbers < end))
            windows = None if self._windows is None else (self._windows[0][at], self._windows[1][at])
            sums[at] = block.word_sums(self._numbers[at] - first, costs_of, windows)
        return sums

    def word_bounds(self) -> Ints:
        """For each row at least as much as its words can take in sub-tokens of any tokenizer."""

        def bounds(block: Block) -> Any:
            assert isinstance(block, EntityBlock)
            return block.word_bounds()

        return self._of_blocks(bounds)

    def spans(self) -> Spans:
        """The entities of all rows; of windows those that lie whole in them."""
        known: dict[str, int] = {}
        parts, counts = [], []
        for _, block in self._blocks:
            assert isinstance(block, EntityBlock)
            own = np.asarray([known.setdefault(label, len(known)) for label in block.ner_labels], np.int64)
            first, last, label = block.ner
            parts.append((first, last, own[label] if len(own) else np.zeros(0, np.int64)))
            counts.append(np.diff(block.ner_offsets))
        if not parts:
            empty = np.zeros(0, np.int64)
            return Spans(empty, empty, empty, empty, [])
        of_table = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64)
        begin = of_table[self._numbers]
        size = of_table[self._numbers + 1] - begin
        row = np.repeat(np.arange(len(self)), size)
        at = np.arange(len(row)) + np.repeat(begin - (np.cumsum(size) - size), size)
        columns = (np.concatenate([of_block[place] for of_block in parts]) for place in range(3))
        first, last, label = (column[at].astype(np.int64) for column in columns)
        if self._windows is not None:
            start, end = (edge[row] for edge in self._windows)
            inside = (first >= start) & (last < end)
            row, first, last, label = row[inside], (first - start)[inside], (last - start)[inside], label[inside]
        return Spans(row, first, last, label, list(known))

    def relation_counts(self) -> dict[str, int]:
        """How often each relation label is given in these rows; of whole rows."""
        counts: dict[str, int] = {}
        every = len(self) == self._borders[-1] and bool((self._numbers == np.arange(len(self))).all())
        if every:
            for _, block in self._blocks:
                assert isinstance(block, EntityBlock)
                for label, count in block.relation_counts.items():
                    counts[label] = counts.get(label, 0) + count
            return counts
        numbers, sets = self.labels
        related = np.asarray([bool(one.relation) for one in sets], bool)
        for index in np.flatnonzero(related[numbers]) if len(sets) else ():
            for *_, label in self[int(index)]["relations"]:
                counts[label] = counts.get(label, 0) + 1
        return counts

    def _find(self, index: int) -> tuple[int, int]:
        number = int(self._numbers[index])
        block = int(np.searchsorted(self._borders, number, side="right")) - 1
        return block, number - int(self._borders[block])

    def _cut(self, index: int, row: Example) -> Example:
        if self._windows is None:
            return row
        start, end = int(self._windows[0][index]), int(self._windows[1][index])
        return row if (start, end) == (0, len(row["tokenized_text"])) else part(row, Window(start, end))

    def _of_blocks(self, values: Callable[[Block], Any]) -> npt.NDArray[Any]:
        found = [np.asarray(values(block)) for _, block in self._blocks]
        return np.concatenate(found)[self._numbers] if found else np.zeros(0, np.int64)


class Places(Sequence[str]):
    """`file:line` of each row, made when it is asked for."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def select(self, numbers: Any) -> Places:
        """Those of the rows at these places."""
        return self._rows.select(numbers).places

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self._rows.place(number) for number in range(*index.indices(len(self)))]
        return self._rows.place(index)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


def chosen(rows: Sequence[Item], numbers: Sequence[int]) -> Sequence[Item]:
    """The items at these places; of Rows and their Places without making one."""
    if isinstance(rows, (Rows, Places)):
        return rows.select(numbers)  # type: ignore[return-value]
    return [rows[number] for number in numbers]


def lengths(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Words of each row, or characters of each text that is classified."""
    if isinstance(rows, Rows):
        return [int(length) for length in rows.lengths.tolist()]
    return [len(row["tokenized_text"] if "tokenized_text" in row else row["text"]) for row in rows]
