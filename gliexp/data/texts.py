"""Texts to predict on: whole files, lines, or the rows of data files, one held at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from gliexp.data import formats
from gliexp.data.formats.compressed import plain_suffix
from gliexp.data.formats.recognise import NAMES
from gliexp.data.reading import refuse_file
from gliexp.data.row import ALIASES
from gliexp.errors import Problem, Refusal


class Text(NamedTuple):
    """A text, or words that are given; `place` is where it stands; `row` has what else its row says."""

    text: str
    words: list[str] | None
    place: str
    row: dict[str, Any]


def of_lines(lines: Iterable[str], name: str) -> Iterator[Text]:
    """A text a line, empty lines too, so that answers can be told by their numbers."""
    for number, line in enumerate(lines, start=1):
        yield Text(line.rstrip("\r\n"), None, f"{name}:{number}", {})


def of_file(name: str, *, by_line: bool = False) -> Iterator[Text]:
    """The texts of a file: the rows of a data file (by its ending), else the whole file, or each of its lines.

    Raises Refusal for a file that cannot be read, or a row without text.
    """
    path = Path(name)
    refused = None if path.is_file() else refuse_file(path, "jsonl")
    if refused is not None:
        raise Refusal([refused])
    if plain_suffix(path).lower() in NAMES:
        yield from _of_rows(path)
        return
    try:
        if by_line:
            with path.open(encoding="utf-8-sig") as file:
                yield from of_lines(file, name)
        else:
            yield Text(path.read_text(encoding="utf-8-sig"), None, name, {})
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal([Problem("text", f"cannot be read as UTF-8 text: {error}", where=name)]) from error


def _of_rows(path: Path) -> Iterator[Text]:
    name = formats.guess(path)
    for raw in formats.rows(path, name):
        place = f"{path}:{raw.line}"
        row = raw.row if isinstance(raw.row, dict) else None
        words = next((row[key] for key in ALIASES["tokens"] if row and row.get(key)), None)
        text = row.get("text") if row else None
        if raw.reason or row is None:
            raise Refusal([Problem("data", raw.reason or "a row must be an object", where=place)])
        if isinstance(words, list) and all(isinstance(word, str) for word in words) and not isinstance(text, str):
            yield Text(" ".join(words), words, place, row)
        elif isinstance(text, str):
            yield Text(text, None, place, row)
        else:
            has = ", ".join(map(str, list(row)[:8]))
            raise Refusal([Problem("data", f"the row has neither text nor words; it has {has}", where=place)])
