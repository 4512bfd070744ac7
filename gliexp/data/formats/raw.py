"""What a reader hands on: one row as it stands in the file, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, int] = MappingProxyType({})


class Raw(NamedTuple):
    """One raw row and where it starts, or the reason why there is none.

    `line` counts from 1: lines of a text file, rows of a table. `dropped` counts by reason what the reader itself left
    out of this row or mended in it, and `notes` names each thing left out that has a name. `file` is the file inside a
    directory that holds several.
    """

    line: int
    row: object
    reason: str = ""
    dropped: Mapping[str, int] = NOTHING
    notes: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Layout:
    """What a file does not say about itself; each None is looked for in the file.

    `separator` stands between columns (" " is any run of spaces and tabs). `header` says whether the first line of CSV
    or TSV names the columns, `names` are their names where it does not. `token` and `tag` are the columns of word and
    tag in CoNLL files, from 0, negative ones from the end. `sentence` is the column of CSV or TSV that names the
    sentence of a row's word, where a row is a word. `split` and `subset` pick a part of a data set that has several.
    `known` are the names of columns by which a header is recognised.
    """

    separator: str | None = None
    header: bool | None = None
    names: Sequence[str] | None = None
    token: int = 0
    tag: int = -1
    sentence: str | None = None
    split: str = "train"
    subset: str | None = None
    known: Sequence[str] = ()


PLAIN = Layout()
