"""CSV and TSV: one row a line, cells in quotes where they hold the separator, with or without a line of names."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import long_table
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import beginning, numbered

KNOWN = frozenset(
    "text sentence tokens tokenized_text words word tags ner ner_tags entities spans relations label labels "
    "true_labels all_labels category class intent sentiment emotion topic target id".split()
).union(long_table.SENTENCES, long_table.WORDS, long_table.TAGS)
_NAME = re.compile(r"[^\W\d][\w .:#/-]{0,40}")
COMMAS = (",", ";", "|")


def commas(path: Path, layout: Layout) -> Iterator[Raw]:
    """The rows of a CSV file as {column: cell}, with the line each starts on."""
    yield from _rows(path, layout, layout.separator or _separator(beginning(path)))


def tabs(path: Path, layout: Layout) -> Iterator[Raw]:
    """The rows of a TSV file. Quotes count as CSV's where that leaves fewer rows broken, else they are text."""
    yield from _rows(path, layout, layout.separator or "\t")


def recognise(text: str, suffix: str, layout: Layout) -> tuple[str, str] | None:
    """("csv" or "tsv", what its columns are in words) by the beginning of a file, or None where it is neither."""
    named = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}.get(suffix.lower())
    separator = layout.separator or ("\t" if named == "tsv" or (named is None and "\t" in text) else _separator(text))
    rows = [cells for cells in _parsed(text.split("\n")[:-1] or [text], separator, quoted=True) if cells]
    if not rows:
        return (named, "") if named else None
    width, count = Counter(map(len, rows)).most_common(1)[0]
    header = _is_header(rows[0], layout)
    # Where the name says nothing, columns alone are no proof: prose has commas too.
    if named is None and (width < 2 or count < 0.9 * len(rows) or not (header or separator == "\t")):
        return None
    told = "names in the first line" if header else "no names in the first line"
    return named or ("tsv" if separator == "\t" else "csv"), f"{width} columns, {told}"


def _rows(path: Path, layout: Layout, separator: str) -> Iterator[Raw]:
    _check(separator)
    table = _table(path, separator, quoted=_is_quoted(path, separator))
    names: Sequence[str] = ()
    for line, cells in table:
        if isinstance(cells, str):
            yield Raw(line, None, cells)
            continue
        if not names:
            header = _is_header(cells, layout)
            names = layout.names or (cells if header else [str(place) for place in range(len(cells))])
            _refuse_repeated(names)
            columns = long_table.columns_of(names, layout)
            if columns is not None:
                rest = table if header else chain([(line, cells)], table)
                yield from long_table.sentences(rest, columns, len(names))
                return
            if header:
                continue
        if len(cells) != len(names):
            yield Raw(line, None, f"{len(cells)} cell{'s' if len(cells) != 1 else ''} for {len(names)} columns")
            continue
        try:
            yield Raw(line, {name: _cell(cell, name) for name, cell in zip(names, cells, strict=True)})
        except BadRow as bad:
            yield Raw(line, None, str(bad))


def _table(path: Path, separator: str, *, quoted: bool) -> Iterator[tuple[int, list[str] | str]]:
    """(line it starts on, cells or what is wrong) of each row; bytes that are not UTF-8 are kept for `_cell`."""
    csv.field_size_limit(sys.maxsize)  # a document is a cell, and may well be longer than the library's limit
    lines = (line.decode("utf-8", errors="surrogateescape") for _, line in numbered(path))
    reader = _reader(lines, separator, quoted)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, f"not CSV: {error}"
            continue
        if cells:
            yield start, cells


def _reader(lines: Iterator[str], separator: str, quoted: bool) -> csv._reader:  # type: ignore[name-defined]
    if quoted:
        return csv.reader(lines, delimiter=separator, strict=True)
    return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, strict=True)


def _is_quoted(path: Path, separator: str) -> bool:
    """CSV is quoted; TSV often holds texts with quotes of their own, so the reading that breaks fewer rows is right."""
    if separator != "\t":
        return True
    return _broken(path, separator, quoted=True) <= _broken(path, separator, quoted=False)


def _broken(path: Path, separator: str, *, quoted: bool) -> int:
    widths: Counter[int] = Counter()
    wrong = 0
    for _, cells in _table(path, separator, quoted=quoted):
        if isinstance(cells, str):
            wrong += 1
        else:
            widths[len(cells)] += 1
    return wrong + widths.total() - max(widths.values(), default=0)


def _parsed(lines: Sequence[str], separator: str, *, quoted: bool) -> list[list[str]]:
    """The rows of some lines up to the first that cannot be read."""
    found: list[list[str]] = []
    with suppress(csv.Error, TypeError):
        found.extend(_reader(iter(lines), separator, quoted))
    return found


def _separator(text: str) -> str:
    """The separator that gives the most rows of the first row's width."""
    lines = text.split("\n")[:-1] or [text]

    def score(separator: str) -> tuple[int, int]:
        rows = [cells for cells in _parsed(lines, separator, quoted=True) if cells]
        width = len(rows[0]) if rows else 0
        return (sum(len(cells) == width for cells in rows) if width > 1 else 0), width

    return max(COMMAS, key=score)


def _is_header(cells: Sequence[str], layout: Layout) -> bool:
    """Whether the first row names the columns: different short names, one of which is known."""
    if layout.header is not None:
        return layout.header
    if layout.names is not None:
        return list(cells) == list(layout.names)
    bare = [cell.strip() for cell in cells]
    known = KNOWN.union(layout.known)
    return (
        len(set(bare)) == len(bare)
        and all(_NAME.fullmatch(cell) for cell in bare)
        and any(cell in known or cell.lower() in known for cell in bare)
    )


def _check(separator: str) -> None:
    if len(separator) != 1 or separator in '"\r\n':
        raise BadRow(f"columns of CSV and TSV are parted by one character, not {separator!r}")


def _refuse_repeated(names: Sequence[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise BadRow(f"two columns go by the name {repeated[0]!r:.40}")


def _cell(cell: str, name: str) -> str:
    """The cell; raises BadRow where a byte of it was not UTF-8."""
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError as error:
        byte = ord(cell[error.start]) - 0xDC00
        raise BadRow(f"{name} is not UTF-8: byte 0x{byte:02x} at character {error.start}") from error
    return cell
