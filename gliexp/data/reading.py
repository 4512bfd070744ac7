"""Files to rows: every row of every file checked, all that is wrong said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

from gliexp.data import formats
from gliexp.data.formats import PLAIN, Layout, Raw
from gliexp.data.renaming import Renaming
from gliexp.data.row import BadRow, Example, Lacking, RowReader, Tidied, WholeText
from gliexp.errors import Problem, Refusal

SHOWN = 20
NAMED = 1000
"""Bad rows of a file kept one by one; more of them are counted alone, so that a wrong file does not fill the memory."""

HELD = 2_000_000
"""Words of rows with tags that wait in memory for the scheme of the tags, which all of a file tells."""

NO_ROW = "the file holds no row"
DIRECTORIES = "a file, or a directory of brat pairs or one written by datasets' save_to_disk"


class RowChecker(Protocol):
    """Whoever brings a raw row into a task's form, labels under the names of `rename`; raises BadRow."""

    rename: Renaming

    def tidy(self, row: object) -> Tidied: ...


Take = Callable[[Example, int, str], None]
"""Is handed each good row with its line and, inside a directory of several files, its file."""


@dataclass
class Reading:
    """How one file was read: how many good rows it has, what was dropped, counted by reason, and what is wrong.

    `notes` names what was left out, with its place. `format` and `detail` say how the file was read. `examples` are
    the rows where `scan` gathered them, `lines` and `files` where each came from (same order). `renamed` are labels of
    the file with their new names.
    """

    path: str
    format: str = ""
    detail: str = ""
    files: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    renamed: dict[str, str] = field(default_factory=dict)

    def place(self, index: int) -> str:
        """`file:line` of row `index`."""
        return place(self.path, self.files[index], self.lines[index])


def read(
    path: str | Path,
    fields: Mapping[str, str | None] | None = None,
    file_format: str | None = None,
    layout: Layout = PLAIN,
    tag_names: Sequence[str] | None = None,
) -> list[Example]:
    """The rows of one file in GLiNER's form.

    `fields` maps tokens, text, ner, relations and labels to the file's names; `file_format` is one of formats.FORMATS
    or None to look; `layout` says what the file does not; `tag_names` name tags that are numbers.
    Raises Refusal naming every bad row (file:line and reason; the first SHOWN in full, the rest as a count).
    """
    reading = scan(path, fields, file_format, layout, tag_names)
    if reading.problems:
        raise Refusal(shortened(reading.problems))
    return reading.examples


def scan(
    path: str | Path,
    fields: Mapping[str, str | None] | None = None,
    file_format: str | None = None,
    layout: Layout = PLAIN,
    tag_names: Sequence[str] | None = None,
    own_reader: RowChecker | None = None,
) -> Reading:
    """Like `read`, but hands back what is wrong in `.problems` instead of raising, for callers with several files.

    `own_reader` checks the rows where they are not GLiNER's; `fields` and `tag_names` are its business then.
    """
    examples: list[Example] = []
    lines: list[int] = []
    files: list[str] = []

    def take(example: Example, line: int, file: str) -> None:
        examples.append(example)
        lines.append(line)
        files.append(file)

    reading = gather(path, take, fields, file_format, layout, tag_names, own_reader)
    reading.examples, reading.lines, reading.files = examples, lines, files
    return reading


def gather(
    path: str | Path,
    take: Take,
    fields: Mapping[str, str | None] | None = None,
    file_format: str | None = None,
    layout: Layout = PLAIN,
    tag_names: Sequence[str] | None = None,
    own_reader: RowChecker | None = None,
    label_names: Mapping[str, str] | None = None,
) -> Reading:
    """Like `scan`, with each good row handed to `take`, so that few are in memory at a time.

    `label_names` gives labels other names; `own_reader` has its own.
    """
    reading = Reading(str(path))
    refused = refuse_file(Path(path), file_format, layout)
    if refused is not None:
        reading.problems.append(refused)
        return reading
    found = None if _named(file_format) else formats.recognise(Path(path), layout)
    reading.format, reading.detail = found or (_named(file_format) or "jsonl", "")
    reader = own_reader or reader_of(reading.format, fields, tag_names, label_names)
    lacking = 0
    for row in checked(path, reader, reading.format, layout):
        if isinstance(row.outcome, BadRow):
            if isinstance(row.outcome, WholeText) and not reading.rows:
                reading.problems = [_other_task(row.outcome, str(path))]
                return reading
            lacking += isinstance(row.outcome, Lacking)
            where = place(reading.path, row.file, row.line)
            reading.problems.append(Problem("data", str(row.outcome), where=where))
            if len(reading.problems) > NAMED:  # the last is kept too: it may say why the file ends there
                reading.problems[-2] = reading.problems[NAMED - 1]
            continue
        take(row.outcome.example, row.line, row.file)
        reading.rows += 1
        if row.outcome.dropped:
            reading.dropped.update(row.outcome.dropped)
        reading.notes.extend(f"{place(reading.path, row.file, '')}{note}" for note in row.notes)
    reading.renamed = dict(reader.rename.met)
    if isinstance(reader, RowReader) and reader.scheme is not None:
        reading.detail = ", ".join(filter(None, (reading.detail, reader.scheme.name)))
    if not reading.rows and lacking == len(reading.problems) > 1:
        message = f"{reading.problems[0].message} (so in all {len(reading.problems)} rows)"
        reading.problems = [Problem("data", message, where=str(path))]
    if not reading.rows and not reading.problems:
        reading.problems.append(Problem("data", NO_ROW, where=str(path)))
    return reading


class Checked(NamedTuple):
    """A row's line, what it became or why it cannot be used, and the row as it stands in the file.

    `file` is its file inside a directory of several; `notes` name what was left out of it.
    """

    line: int
    outcome: Tidied | BadRow
    row: object
    file: str = ""
    notes: tuple[str, ...] = ()


def reader_of(
    name: str,
    fields: Mapping[str, str | None] | None,
    tag_names: Sequence[str] | None = None,
    label_names: Mapping[str, str] | None = None,
) -> RowReader:
    """Who checks the rows of a format: `fields` count for those whose rows carry the user's own names."""
    form = formats.FORMATS[name]
    named = fields if form.mapped else None
    return RowReader(named, tag_names=tag_names, cells=form.cells, rename=Renaming(label_names))


def checked(
    path: str | Path, reader: RowChecker, file_format: str | None = None, layout: Layout = PLAIN
) -> Iterator[Checked]:
    """Each row of a file that can be opened; one is held at a time, or HELD words of them where tags are not yet known.

    Only a file with tags that is longer than that is gone through twice.
    """
    name = _named(file_format) or formats.guess(Path(path), layout)
    raws = formats.rows(Path(path), name, layout)
    if isinstance(reader, RowReader):
        held, told, ended = _hold(raws, reader)
        if told is not False:
            # All of it: a file may be sorted, with thousands of rows before an entity shows how tags are written.
            reader.look(raw.row for raw in (held if ended else formats.rows(Path(path), name, layout)))
        raws = chain(held, raws)
    for raw in raws:
        try:
            if raw.reason:
                raise BadRow(raw.reason)
            tidied = reader.tidy(raw.row)
        except BadRow as bad:
            yield Checked(raw.line, bad, raw.row, raw.file)
            continue
        for reason, count in raw.dropped.items():
            tidied.dropped[reason] = tidied.dropped.get(reason, 0) + count
        yield Checked(raw.line, tidied, raw.row, raw.file, raw.notes)


def _hold(raws: Iterator[Raw], reader: RowReader) -> tuple[list[Raw], bool | None, bool]:
    """The first rows, whether they have tags (None: none of them told), and whether these are all rows.

    Up to the first row that has spans, or up to HELD words.
    """
    held: list[Raw] = []
    told: bool | None = None
    size = 0
    for raw in raws:
        held.append(raw)
        told = reader.has_tags(raw.row) if told is None else told
        if told is False:
            return held, told, False
        size += _size(raw.row)
        if size > HELD:
            return held, told, False
    return held, told, True


def _size(row: object) -> int:
    """About how many words a raw row holds."""
    if not isinstance(row, dict):
        return 1
    return 1 + sum(len(value) if isinstance(value, list) else 1 for value in row.values())


def place(path: str, file: str, line: int | str) -> str:
    """Where a row stands: in a file, or in one file of a directory."""
    return f"{path}/{file}:{line}" if file else f"{path}:{line}"


def _other_task(bad: WholeText, path: str) -> Problem:
    return Problem("data", str(bad), allowed="rows with entities, or data.fields.ner naming them", where=path)


def shortened(problems: list[Problem]) -> list[Problem]:
    """The first SHOWN problems, and one more that counts the rest."""
    rest = len(problems) - SHOWN
    if rest <= 0:
        return problems
    return [*problems[:SHOWN], Problem("data", f"{rest} more bad row{'s' if rest > 1 else ''}, not shown")]


def _named(file_format: str | None) -> str | None:
    return None if file_format in (None, "auto") else file_format


def refuse_file(path: Path, file_format: str | None, layout: Layout = PLAIN) -> Problem | None:
    """What keeps `path` from being read at all, if anything."""
    named = _named(file_format)
    known = ", ".join(("auto", *formats.FORMATS))
    if named is not None and named not in formats.FORMATS:
        nearest = get_close_matches(named, formats.FORMATS, n=1)
        return Problem("data.format", f"unknown format {named!r}", allowed=known, nearest="".join(nearest))
    if formats.on_hub(path, named):
        return None
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        return Problem(
            "data", "there is no such file", where=str(path), nearest="".join(get_close_matches(path.name, beside, n=1))
        )
    try:
        if path.is_file():
            path.open("rb").close()
        unknown = named is None and formats.recognise(path, layout) is None
    except OSError as error:
        return Problem("data", f"cannot be opened: {error.strerror}", where=str(path))
    if path.is_dir() and (unknown or not formats.FORMATS[named or "brat"].directories):
        return Problem("data", "is a directory, not a file", allowed=DIRECTORIES, where=str(path))
    if unknown:
        return Problem("data.format", "what form the file has cannot be told", allowed=known, where=str(path))
    return None
