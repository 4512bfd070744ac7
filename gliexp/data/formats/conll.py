"""CoNLL: one word a line with its tag in another column, a blank line after each sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from gliexp.data import tags
from gliexp.data.bad_row import BadRow
from gliexp.data.formats.compressed import opened
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import MARK, beginning, decoded

SEPARATORS = ("\t", " ", ";", ",", "|")
PIECE = 1 << 20
_BETWEEN = re.compile(rb"(?:^|\n)[ \t\r]*\n(?:[ \t\r]*\n)*")
"""Blank lines, from the end of the line before them."""

DOCUMENT = "-DOCSTART-"
HOLLOW = "empty word left out"
EDGES = "space at the edges of a word left out"


def read(path: Path, layout: Layout) -> Iterator[Raw]:
    """One row a sentence, with its words and tags; a sentence with a bad line is named by that line.

    Only the separator parts columns, so a no-break space stays in its word (and is taken off at the word's edges, which
    is counted). Lines that begin with "# " and have another number of columns, or a = and no tag, are comments.
    A first column that only counts the words is no column of words, and is refused.
    """
    shape = _shape(beginning(path), layout)
    if shape is None:
        raise BadRow("no separator gives every line the same columns: data.columns.separator names it")
    width = shape[1]
    if not (-width <= layout.token < width and -width <= layout.tag < width):
        raise BadRow(f"there is no column {layout.token} or {layout.tag} among the {width} of a line")
    table = _Table(*shape, layout)
    for number, block in _blocks(path):
        raw = table.plain(number, block)
        if raw is not None:
            yield raw
        else:
            yield from table.line_by_line(number, block)


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line of the first, the lines) of each run of lines that are not blank; few of them are held at a time."""
    number, rest = 1, b""
    with opened(path) as file:
        while piece := file.read(max(PIECE, len(rest))):
            rest = (rest + piece).removeprefix(MARK) if number == 1 else rest + piece
            start = 0
            for between in _BETWEEN.finditer(rest):
                if between.end() == len(rest):  # more blank lines may follow
                    break
                if between.start() > start:
                    yield number, rest[start : between.start()]
                number += rest.count(b"\n", start, between.end())
                start = between.end()
            rest = rest[start:]
    last = _BETWEEN.search(rest + b"\n\n")
    if last is not None and last.start() > 0:
        yield number, rest[: last.start()]


class _Table:
    """Reads blocks of lines as sentences: separator, number of columns, and which of them hold words and tags."""

    def __init__(self, separator: str, width: int, layout: Layout) -> None:
        self.separator = separator
        self.width = width
        self.layout = layout
        self._tags: dict[str, str] = {}

    def plain(self, number: int, block: bytes) -> Raw | None:
        """The row of a sentence with nothing unusual about it; None leaves it to `line_by_line`."""
        try:
            text = block.decode("utf-8").replace("\r\n", "\n").rstrip("\r\n")
        except UnicodeDecodeError:
            return None
        if text.startswith("# ") or any(sign in text for sign in ("\n# ", DOCUMENT, "\r", "\ufeff")):
            return None
        if self.separator != " ":
            table = [line.split(self.separator) for line in text.split("\n")]
        elif any(sign in text for sign in ("\t", "  ", " \n", "\n ")) or text[:1] == " " or text[-1:] == " ":
            table = [list(_cells(line, " ")) for line in text.split("\n")]
        else:
            table = [line.split(" ") for line in text.split("\n")]
        if set(map(len, table)) != {self.width}:
            return None
        words = [cells[self.layout.token] for cells in table]
        if list(map(str.strip, words)) != words or not all(words) or _counts(words):
            return None
        # one text for each tag and not one for each word: rows wait in memory until the scheme is known
        known = self._tags
        tags_found = [known.setdefault(tag, tag) for tag in [cells[self.layout.tag].strip() for cells in table]]
        return Raw(number, {"tokenized_text": words, "ner": tags_found})

    def line_by_line(self, number: int, block: bytes) -> Iterator[Raw]:
        """The same for any lines, each fault named by its line."""
        sentence = _Sentence()
        for line_number, line in enumerate(block.split(b"\n"), number):
            try:
                cells = _cells(decoded(line).rstrip("\r"), self.separator)
            except BadRow as bad:
                sentence.fail(line_number, str(bad))
                continue
            if cells[0] == DOCUMENT or (line.startswith(b"# ") and _is_comment(cells, self.width, self.layout)):
                continue
            if len(cells) != self.width:
                count = f"{len(cells)} column{'s' if len(cells) > 1 else ''}"
                sentence.fail(line_number, f"{count}, other lines have {self.width}")
                continue
            sentence.add(line_number, cells[self.layout.token], cells[self.layout.tag])
        yield from sentence.closed()


def recognise(text: str, layout: Layout) -> str | None:
    """What columns the beginning of a file has, in words, or None where it is no CoNLL."""
    shape = _shape(text, layout)
    if shape is None:
        return None
    separator, width = shape
    columns = [cells for cells in _table(text, separator) if len(cells) == width and cells[0] != DOCUMENT]
    try:
        found = {cells[layout.tag] for cells in columns}
        words = [cells[layout.token] for cells in columns]
    except IndexError:
        return None
    if not found or any(" " in cell.strip() for cell in (*found, *words)):
        return None
    blank = re.search(r"\n[ \t\r]*\n", text) is not None
    if not (tags.OUTSIDE & found and blank) and not tags.all_prefixed(found):
        return None
    named = {"\t": "tab", " ": "space"}.get(separator, separator)
    return f"{width} columns parted by {named}"


def _is_comment(cells: Sequence[str], width: int, layout: Layout) -> bool:
    """Whether a line that begins with # says something about its sentence, as in "# id a1 domain=train"."""
    if len(cells) != width:
        return True
    tag = cells[layout.tag : layout.tag + 1 or None]
    return any("=" in cell for cell in cells[1:]) and not tags.all_prefixed(tag) and not tags.OUTSIDE & set(tag)


def _counts(words: Sequence[str]) -> bool:
    """Whether the words are 1, 2, 3 … or 0, 1, 2 …: the number of each word and not the word."""
    first = words[0] if words else ""
    return len(words) > 2 and first in ("0", "1") and list(words) == [str(int(first) + n) for n in range(len(words))]


class _Sentence:
    """The lines between two blank ones."""

    def __init__(self) -> None:
        self._first = 0
        self._words: list[str] = []
        self._tags: list[str] = []
        self._dropped: Counter[str] = Counter()
        self._faults: list[tuple[int, str]] = []

    def fail(self, number: int, reason: str) -> None:
        self._faults.append((number, reason))

    def add(self, number: int, word: str, tag: str) -> None:
        self._first = self._first or number
        bare = word.strip()
        if not bare and tag in tags.OUTSIDE:
            self._dropped[HOLLOW] += 1
            return
        if bare != word:
            self._dropped[EDGES] += 1
        self._words.append(bare)
        self._tags.append(tag.strip())

    def closed(self) -> Iterator[Raw]:
        """The row that these lines make, or its faults; nothing where there were no lines."""
        if self._faults:
            for number, reason in self._faults:
                yield Raw(number, None, reason)
        elif _counts(self._words):
            yield Raw(self._first, None, "the column of words only counts them: data.columns.token names the right one")
        elif self._words:
            row = {"tokenized_text": self._words, "ner": self._tags}
            yield Raw(self._first, row, dropped=dict(self._dropped))
        elif self._dropped:
            yield Raw(self._first, None, "a sentence of empty words")


def _shape(text: str, layout: Layout) -> tuple[str, int] | None:
    """(separator, columns) under which nearly all lines of a file's beginning have the same two or more columns."""
    best: tuple[float, str, int] | None = None
    for separator in (layout.separator,) if layout.separator else SEPARATORS:
        widths = Counter(len(cells) for cells in _table(text, separator))
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        share = count / widths.total()
        if width > 1 and share > 0.5 and (best is None or share > best[0]):
            best = (share, separator, width)
    return None if best is None else best[1:]


def _table(text: str, separator: str) -> Iterator[Sequence[str]]:
    for line in text.split("\n"):
        bare = line.rstrip("\r")
        if bare.strip(" \t") and not bare.startswith(("# ", DOCUMENT)):
            yield _cells(bare, separator)


def _cells(line: str, separator: str) -> Sequence[str]:
    """The columns; spaces come in runs, every other separator counts by itself."""
    return re.split("[ \t]+", line.strip(" \t")) if separator == " " else line.split(separator)
