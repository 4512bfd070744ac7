"""File formats: each turns a file into raw rows with their line numbers. A new one is a function and a line here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from gliexp.data.row import BadRow


class Raw(NamedTuple):
    """One raw row and where it starts (line, from 1), or the reason why there is none."""

    line: int
    row: object
    reason: str = ""


def _json_lines(path: Path) -> Iterator[Raw]:
    """One JSON value a line, blank lines skipped; a line that cannot be read does not hide the next."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.isspace():
                continue
            try:
                yield Raw(number, parse(line))
            except BadRow as bad:
                yield Raw(number, None, str(bad))


def _json(path: Path) -> Iterator[Raw]:
    """A JSON list of rows, each with the line it starts on; a broken list gives the rows before the break."""
    try:
        text = _decoded(path.read_bytes())
    except BadRow as bad:
        yield Raw(1, None, str(bad))
        return
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    at, line = _after_space(text, 0), 1
    line += text.count("\n", 0, at)
    if not text[at:].startswith("["):
        yield Raw(line, None, "a JSON file must hold a list of rows (one row a line is JSON Lines: name it .jsonl)")
        return
    at = _after_space(text, at + 1)
    if text[at : at + 1] == "]":
        yield from _rest(text, at + 1)
        return
    counted = 0
    while True:
        line, counted = line + text.count("\n", counted, at), at
        try:
            row, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            yield Raw(error.lineno, None, f"not JSON: {error.msg}, column {error.colno}")
            return
        except BadRow as bad:
            yield Raw(line, None, str(bad))
            return
        yield Raw(line, row)
        at = _after_space(text, at)
        mark = text[at : at + 1]
        if mark == "]":
            yield from _rest(text, at + 1)
            return
        if mark != ",":
            yield Raw(text.count("\n", 0, at) + 1, None, "not JSON: the list breaks off or lacks a comma here")
            return
        at = _after_space(text, at + 1)


READERS: dict[str, Callable[[Path], Iterator[Raw]]] = {"jsonl": _json_lines, "json": _json}


def guess(path: Path) -> str:
    """The format of `path`: JSON if its first character that is not blank is "[", else JSON Lines."""
    with path.open("rb") as file:
        for line in file:
            start = line.removeprefix(b"\xef\xbb\xbf").lstrip()
            if start:
                return "json" if start.startswith(b"[") else "jsonl"
    return "jsonl"


def parse(line: bytes) -> object:
    """The JSON value of one line; raises BadRow for bytes that are not UTF-8 and for text that is not JSON."""
    try:
        return json.loads(_decoded(line), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BadRow(f"not JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise BadRow("not JSON that can be read: nested too deeply") from error


def _decoded(raw: bytes) -> str:
    try:
        return raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8: byte 0x{raw[error.start]:02x} at place {error.start}") from error


def _refuse_constant(name: str) -> object:
    raise BadRow(f"not JSON: {name} is no JSON value")


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _rest(text: str, at: int) -> Iterator[Raw]:
    end = _after_space(text, at)
    if end < len(text):
        yield Raw(text.count("\n", 0, end) + 1, None, "not JSON: something follows the list")
