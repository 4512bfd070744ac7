"""Files to rows: every row of every file checked, all that is wrong said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from gliexp.data import formats
from gliexp.data.row import BadRow, Example, RowReader, Tidied
from gliexp.errors import Problem, Refusal

SHOWN = 20


@dataclass
class Reading:
    """The rows of one file, the line each came from (same order), and what was dropped, counted by reason."""

    path: str
    examples: list[Example] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def place(self, index: int) -> str:
        """`file:line` of row `index`."""
        return f"{self.path}:{self.lines[index]}"


def read(
    path: str | Path, fields: Mapping[str, str | None] | None = None, file_format: str | None = None
) -> list[Example]:
    """The rows of one file in GLiNER's form.

    `fields` maps tokens, text, ner and relations to the file's names; `file_format` is "jsonl", "json" or None to look.
    Raises Refusal naming every bad row (file:line and reason; the first SHOWN in full, the rest as a count).
    """
    reading = scan(path, fields, file_format)
    if reading.problems:
        raise Refusal(shortened(reading.problems))
    return reading.examples


def scan(
    path: str | Path,
    fields: Mapping[str, str | None] | None = None,
    file_format: str | None = None,
    tidy: Callable[[object], Tidied] | None = None,
) -> Reading:
    """Like `read`, but hands back what is wrong in `.problems` instead of raising, for callers with several files.

    `tidy` checks each raw row; without it rows are GLiNER's, under `fields`.
    """
    reading = Reading(str(path))
    refused = _refuse_file(Path(path), file_format)
    if refused is not None:
        reading.problems.append(refused)
        return reading
    tidy = tidy or RowReader(fields).tidy
    for raw in formats.READERS[_named(file_format) or formats.guess(Path(path))](Path(path)):
        try:
            if raw.reason:
                raise BadRow(raw.reason)
            tidied = tidy(raw.row)
        except BadRow as bad:
            reading.problems.append(Problem("data", str(bad), where=f"{path}:{raw.line}"))
            continue
        reading.examples.append(tidied.example)
        reading.lines.append(raw.line)
        if tidied.dropped:
            reading.dropped.update(tidied.dropped)
    if not reading.examples and not reading.problems:
        reading.problems.append(Problem("data", "the file holds no row", where=str(path)))
    return reading


def shortened(problems: list[Problem]) -> list[Problem]:
    """The first SHOWN problems, and one more that counts the rest."""
    rest = len(problems) - SHOWN
    if rest <= 0:
        return problems
    return [*problems[:SHOWN], Problem("data", f"{rest} more bad row{'s' if rest > 1 else ''}, not shown")]


def _named(file_format: str | None) -> str | None:
    return None if file_format in (None, "auto") else file_format


def _refuse_file(path: Path, file_format: str | None) -> Problem | None:
    """What keeps `path` from being read at all, if anything."""
    named = _named(file_format)
    if named is not None and named not in formats.READERS:
        nearest = get_close_matches(named, formats.READERS, n=1)
        allowed = ", ".join(("auto", *formats.READERS))
        return Problem("data.format", f"unknown format {named!r}", allowed=allowed, nearest="".join(nearest))
    if path.is_dir():
        return Problem("data", "is a directory, not a file", where=str(path))
    if not path.is_file():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        return Problem(
            "data", "there is no such file", where=str(path), nearest="".join(get_close_matches(path.name, beside, n=1))
        )
    return None
