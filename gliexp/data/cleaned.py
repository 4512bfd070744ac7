"""Writes the rows of a file that can be used, mended where that is certain, as JSON Lines in gliexp's own form."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from gliexp.data.class_repair import mend_class, plain
from gliexp.data.class_row import ClassRowReader
from gliexp.data.reading import Checked
from gliexp.data.repair import mend
from gliexp.data.row import BadRow, RowReader, Tidied
from gliexp.errors import Problem, Refusal


class Cleaned:
    """A clean copy in the making; it takes its name only when all rows were seen.

    `kept` counts the rows written, `mended` those of them that were bad before, `left` those that stay bad; `repairs`
    counts what was done, by kind.
    """

    def __init__(self, path: Path, reader: RowReader | ClassRowReader) -> None:
        self.path = path
        self.kept = self.mended = self.left = 0
        self.repairs: Counter[str] = Counter()
        self._reader = reader

    def __enter__(self) -> Cleaned:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._beside = self.path.with_name(f".{self.path.name}.unfinished")
        self._file = self._beside.open("w", encoding="utf-8")
        return self

    def row(self, row: Checked) -> None:
        """Write the row if it can be used, as it is or mended."""
        if isinstance(self._reader, ClassRowReader):
            mended, has_tags = mend_class(row.row, self._reader.names), False
        else:
            mended, has_tags = mend(row.row, self._reader.names), self._reader.has_tags(row.row) is True
        # a reader of tags knows their scheme from the whole file, which this one has not seen
        tidied = row.outcome if not mended.repairs or has_tags else self._again(mended.row)
        if isinstance(tidied, BadRow):
            self.left += 1
            return
        self.kept += 1
        self.mended += isinstance(row.outcome, BadRow)
        self.repairs.update(mended.repairs)
        self.repairs.update(tidied.dropped)
        example = tidied.example
        if isinstance(self._reader, ClassRowReader):
            example = plain(example)
        self._file.write(json.dumps(example, ensure_ascii=False) + "\n")

    def _again(self, row: object) -> Tidied | BadRow:
        try:
            return self._reader.tidy(row)
        except BadRow as bad:
            return bad

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None:
            self._beside.replace(self.path)
        else:
            self._beside.unlink(missing_ok=True)


def destinations(files: Sequence[str], out: Path) -> list[Path]:
    """Where the clean copy of each file goes: `out` itself for one file, `out`/NAME.jsonl for several.

    Raises Refusal where two copies would have one name, or where something is in the way.
    """
    if len(files) == 1 and not out.is_dir():
        paths = [out]
    else:
        paths = [out / f"{Path(name).name.split('.')[0]}.jsonl" for name in files]
    problems = [
        Problem("--fix", f"two files would be written to {path}", allowed="files of different names")
        for path, count in Counter(paths).items()
        if count > 1
    ]
    problems += [Problem("--fix", f"{path} is there already", allowed="a new name") for path in paths if path.exists()]
    if out.is_file() and len(files) > 1:
        problems = [Problem("--fix", f"{out} is a file", allowed="a directory, for several files")]
    if problems:
        raise Refusal(problems)
    return paths
