"""JSON: a list of rows in one file, or JSON Lines, one row a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from gliexp.data.bad_row import BadRow
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import decoded, numbered, whole


def lines(path: Path, _layout: Layout) -> Iterator[Raw]:
    """One JSON value a line, blank lines skipped; a line that cannot be read does not hide the next."""
    for number, line in numbered(path):
        if line.isspace():
            continue
        try:
            yield Raw(number, parse(line))
        except BadRow as bad:
            yield Raw(number, None, str(bad))


def listed(path: Path, _layout: Layout) -> Iterator[Raw]:
    """A JSON list of rows, each with the line it starts on; a broken list gives the rows before the break."""
    text = whole(path)
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
        except RecursionError:
            yield Raw(line, None, TOO_DEEP)
            return
        except (BadRow, ValueError) as bad:
            yield Raw(line, None, str(bad) if isinstance(bad, BadRow) else f"not JSON that can be read: {bad}")
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


TOO_DEEP = "not JSON that can be read: nested too deeply"


def either(path: Path, _layout: Layout) -> Iterator[Raw]:
    """A JSON list or JSON Lines, by the first character."""
    for _, line in numbered(path):
        if line.strip():
            yield from (listed if line.lstrip().startswith(b"[") else lines)(path, _layout)
            return


def parse(line: bytes) -> object:
    """The JSON value of one line; raises BadRow for bytes that are not UTF-8 and for text that is not JSON."""
    try:
        return json.loads(decoded(line), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise BadRow(f"not JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise BadRow(TOO_DEEP) from error
    except ValueError as error:  # a number of more digits than Python converts
        raise BadRow(f"not JSON that can be read: {error}") from error


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
