"""File formats: each turns a file into raw rows with their line numbers. A new one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import brat, columns, conll, dataset, delimited, docbin, docred, json_rows, spert
from gliexp.data.formats.raw import PLAIN, Layout, Raw
from gliexp.data.formats.recognise import Found, recognise

__all__ = ["FORMATS", "PLAIN", "Format", "Found", "Layout", "Raw", "guess", "on_hub", "recognise", "rows"]


class Format(NamedTuple):
    """A reader of one form of file.

    `mapped` says that its rows carry names of the user's own (data.fields maps them); the others give GLiNER's form.
    `cells` says that a list in a row may be written as text, `directories` that it reads directories.
    """

    read: Callable[[Path, Layout], Iterator[Raw]]
    mapped: bool = False
    cells: bool = False
    directories: bool = False


FORMATS = {
    "json": Format(json_rows.listed, mapped=True),
    "jsonl": Format(json_rows.lines, mapped=True),
    "csv": Format(delimited.commas, mapped=True, cells=True),
    "tsv": Format(delimited.tabs, mapped=True, cells=True),
    "parquet": Format(columns.parquet, mapped=True),
    "arrow": Format(columns.arrow, mapped=True),
    "dataset": Format(dataset.read, mapped=True, directories=True),
    "conll": Format(conll.read),
    "brat": Format(brat.read, directories=True),
    "docred": Format(docred.read),
    "spert": Format(spert.read),
    "docbin": Format(docbin.read),
}


def rows(path: Path, name: str, layout: Layout = PLAIN) -> Iterator[Raw]:
    """The rows of a file that can be opened, as they stand there and whatever they are for; one is held at a time.

    A row that cannot be read, and a file that breaks off, come as Raw with a reason. Raises Refusal where the library
    for a format is not installed.
    """
    line = 1
    try:
        for raw in FORMATS[name].read(path, layout):
            line = raw.line
            yield raw
    except BadRow as bad:
        yield Raw(line, None, str(bad))


def on_hub(path: Path, name: str | None) -> bool:
    """Whether `path` names a data set on the hub: by hub:owner/name, or by format=dataset where no such file is."""
    return dataset.on_hub(path) or (name == "dataset" and not path.exists())


def guess(path: Path, layout: Layout = PLAIN) -> str:
    """The format of `path` by its content; jsonl where nothing tells (reading.refuse_file names such files first)."""
    found = recognise(path, layout)
    return found.name if found else "jsonl"
