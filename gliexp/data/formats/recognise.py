"""Which format a file has, by what is in it; its name decides only between forms that look alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import brat, columns, conll, dataset, delimited, docbin, docred, json_rows, spert
from gliexp.data.formats.compressed import plain_suffix
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import beginning

LOOKED_AT = 50
"""Rows of a JSON file that are looked at until one tells whose form it is."""


NAMES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    **dict.fromkeys((".conll", ".conllu", ".iob", ".iob2", ".bio", ".bioes", ".bilou"), "conll"),
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".spacy": "docbin",
}
"""What a file's name says where its content does not."""


class Found(NamedTuple):
    """A format and what else was seen, in words."""

    name: str
    detail: str = ""


def recognise(path: Path, layout: Layout) -> Found | None:
    """The format of a file or directory, or None where it is not known. A damaged file is known by its name."""
    if dataset.on_hub(path) or dataset.is_directory(path):
        return Found("dataset")
    if path.is_dir():
        return Found("brat") if brat.pairs(path) else None
    if brat.is_pair(path):
        return Found("brat")
    with path.open("rb") as file:
        magic = file.read(1024)
    table = columns.recognise(magic) or ("docbin" if docbin.recognise(magic) else None)
    if table:
        return Found(table)
    suffix = plain_suffix(path)
    try:
        text = beginning(path)
    except BadRow:
        return _by_name(suffix)
    start = text.lstrip()
    if start.startswith("[") and _begins_json(start):
        return Found(_whose(json_rows.listed(path, layout)) or "json")
    if start.startswith("{") and NAMES.get(suffix.lower()) != "jsonl" and not start.split("\n", 1)[0][1:].strip():
        return Found("json")  # one object over many lines: the reader says that it wants a list
    if start.startswith("{"):
        return Found(_whose(json_rows.lines(path, layout)) or "jsonl")
    told = conll.recognise(text, layout) if layout.sentence is None else None
    if told or (start and NAMES.get(suffix.lower()) == "conll"):
        return Found("conll", told or "")
    delimited_as = delimited.recognise(text, suffix, layout) if start else None
    if delimited_as:
        return Found(*delimited_as)
    return _by_name(suffix) or (Found("jsonl") if not start else None)


def _begins_json(start: str) -> bool:
    """Whether "[" begins a list of rows; a line of text may begin so too."""
    return start[1:].lstrip()[:1] in ("{", "]", "[", "")


def _by_name(suffix: str) -> Found | None:
    named = NAMES.get(suffix.lower())
    return Found(named) if named else None


def _whose(raws: Iterator[Raw]) -> str:
    """The tool whose JSON this is, or "" for rows of our own form."""
    try:
        for raw in islice(raws, LOOKED_AT):
            if raw.reason:
                continue
            if docred.recognise(raw.row):
                return "docred"
            told = spert.recognise(raw.row)
            if told is not None:
                return "spert" if told else ""
    except BadRow:
        return ""
    return ""
