"""CSV and TSV with a word a row: a column names the sentence, others hold the word and its tag.

The form of many published NER sets. The sentence is named on each of its rows, or on its first alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gliexp.data import tags
from gliexp.data.bad_row import BadRow
from gliexp.data.formats.raw import Layout, Raw

SENTENCES = ("sentence #", "sentence_id", "sentence id", "sentence", "sent_id", "sentence_idx")
ONE_WORD = ("word", "token")
WORDS = (*ONE_WORD, "words", "tokens")
TAGS = ("tag", "ner_tag", "ner", "label", "tags", "ner_tags", "entity")
HOLLOW = "empty word left out"


class Columns(NamedTuple):
    """Which columns hold the sentence's name, the word and the tag, and by which keys a row gives words and tags."""

    sentence: int
    word: int
    tag: int
    keys: tuple[str, str]


def columns_of(names: Sequence[str], layout: Layout) -> Columns | None:
    """The columns of a table of words, or None where a row is no word.

    data.columns.sentence says that it is one, or names that all three columns have. Raises BadRow for a column that is
    not there.
    """
    plain = [name.strip().casefold() for name in names]
    if layout.sentence is None:
        found = [_first(plain, usual) for usual in (SENTENCES, ONE_WORD, TAGS)]
        if None in found:  # "tokens" beside "sentence" is a list in a cell
            return None
        sentence = found[0]
    elif layout.sentence not in names:
        raise BadRow(f"there is no column {layout.sentence!r:.40}, but {', '.join(names)}: see data.columns.sentence")
    else:
        sentence = list(names).index(layout.sentence)
    assert sentence is not None
    word = _chosen(names, plain, layout, 0, layout.token if layout.token != 0 else None, WORDS, sentence)
    tag = _chosen(names, plain, layout, 2, layout.tag if layout.tag != -1 else None, TAGS, sentence)
    if word is None or tag is None or word == tag:
        raise BadRow(
            f"which of {', '.join(names)} holds words, which tags? See data.columns.token and data.columns.tag"
        )
    return Columns(sentence, word, tag, (_key(names[word], layout, 0), _key(names[tag], layout, 2)))


def sentences(rows: Iterator[tuple[int, list[str] | str]], columns: Columns, width: int) -> Iterator[Raw]:
    """One row a sentence. `rows` are (line, cells or what is wrong); a bad row spoils its sentence, and is named."""
    gathered: _Sentence | None = None
    seen: set[str] = set()
    for line, cells in rows:
        if isinstance(cells, str) or len(cells) != width:
            reason = cells if isinstance(cells, str) else f"{len(cells)} cells for {width} columns"
            gathered = gathered or _Sentence(line, "")
            gathered.faults.append((line, reason))
            continue
        name = cells[columns.sentence].strip()
        if gathered is None or (name and name != gathered.name):
            if gathered is not None:
                yield from gathered.closed(columns.keys)
            gathered = _Sentence(line, name)
            if name in seen:
                fault = f"the sentence {name!r:.40} was there before: its rows must follow one another"
                gathered.faults.append((line, fault))
            seen.add(name)
        gathered.add(line, cells[columns.word], cells[columns.tag])
    if gathered is not None:
        yield from gathered.closed(columns.keys)


class _Sentence:
    """The rows of one sentence so far."""

    def __init__(self, line: int, name: str) -> None:
        self.name = name
        self.faults: list[tuple[int, str]] = []
        self._first = line
        self._words: list[str] = []
        self._tags: list[str] = []
        self._dropped: Counter[str] = Counter()

    def add(self, line: int, word: str, tag: str) -> None:
        try:
            for cell in (word, tag):
                cell.encode("utf-8")
        except UnicodeEncodeError as error:
            byte = ord(error.object[error.start]) - 0xDC00
            self.faults.append((line, f"not UTF-8: byte 0x{byte:02x}"))
            return
        bare = word.strip()
        if not bare and tag.strip() in (*tags.OUTSIDE, ""):
            self._dropped[HOLLOW] += 1
        elif not tag.strip():
            self.faults.append((line, f"the word {bare!r:.40} has no tag"))
        else:
            self._words.append(bare)
            self._tags.append(tag.strip())

    def closed(self, keys: tuple[str, str]) -> Iterator[Raw]:
        """The sentence's row, or its faults."""
        if self.faults:
            for line, reason in self.faults:
                yield Raw(line, None, reason)
        elif self._words:
            yield Raw(self._first, dict(zip(keys, (self._words, self._tags), strict=True)), dropped=dict(self._dropped))
        else:
            yield Raw(self._first, None, "a sentence of empty words")


def _first(plain: Sequence[str], usual: Sequence[str]) -> int | None:
    return next((plain.index(name) for name in usual if name in plain), None)


def _chosen(
    names: Sequence[str],
    plain: Sequence[str],
    layout: Layout,
    field: int,
    asked: int | None,
    usual: Sequence[str],
    sentence: int,
) -> int | None:
    """A column by the user's name for it, its place or a usual name; else the first (words) or last that is left."""
    own = layout.known[field] if len(layout.known) > field else ""
    if own in names:
        return list(names).index(own)
    if asked is not None:
        if not -len(names) <= asked < len(names):
            raise BadRow(f"there is no column {asked} among the {len(names)} of a row")
        return asked % len(names)
    found = _first(plain, usual)
    left = [place for place in range(len(names)) if place != sentence]
    return found if found is not None else (left or [None])[0 if field == 0 else -1]  # type: ignore[list-item]


def _key(name: str, layout: Layout, field: int) -> str:
    """The key under which a reader with these field names looks."""
    own = layout.known[field] if len(layout.known) > field else ""
    return name if own == name else ("tokenized_text", "", "ner")[field]
