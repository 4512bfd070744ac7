"""CoNLL: one word a line with its tag in another column, a blank line after each sentence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from gliexp.data import tags
from gliexp.data.bad_row import BadRow
from gliexp.data.formats.raw import Layout, Raw
from gliexp.data.formats.text_lines import beginning, decoded, numbered

SEPARATORS = ("\t", " ", ";", ",", "|")
BLANK = b" \t\r\n"
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
    separator, width = shape
    sentence = _Sentence(layout)
    for number, line in numbered(path):
        if not line.strip(BLANK):
            yield from sentence.closed()
            continue
        try:
            cells = _cells(decoded(line).rstrip("\r\n"), separator)
        except BadRow as bad:
            sentence.fail(number, str(bad))
            continue
        if cells[0] == DOCUMENT or (line.startswith(b"# ") and _is_comment(cells, width, layout)):
            continue
        if len(cells) != width:
            sentence.fail(number, f"{len(cells)} column{'s' if len(cells) > 1 else ''}, other lines have {width}")
            continue
        try:
            sentence.add(number, cells[layout.token], cells[layout.tag])
        except IndexError:
            raise BadRow(f"there is no column {layout.token} or {layout.tag} among the {width} of a line") from None
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
    """The lines since the last blank one."""

    def __init__(self, layout: Layout) -> None:
        self._restart()

    def _restart(self) -> None:
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
        self._restart()


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
