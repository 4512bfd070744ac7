"""The beginnings of huge files, so that a check of them takes seconds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gliexp.config.schema.data import Data
from gliexp.config.sources import HUB, SAMPLE, Source, files, sources
from gliexp.data import formats
from gliexp.data.formats.compressed import plain_suffix

HUGE = 64 * 2**20
"""Bytes from which a file is cut."""
HEAD = 8 * 2**20
"""Bytes that are kept of it."""


@dataclass
class Heads:
    """A data section whose huge files are replaced by their beginnings, and which copy stands for which file."""

    data: Data
    copies: dict[str, str] = field(default_factory=dict)

    def original(self, text: str) -> str:
        """A message with the user's own paths."""
        for copy, path in self.copies.items():
            text = text.replace(copy, path)
        return text


def heads(data: Data, directory: Path) -> Heads:
    """Cut what is huge and made of plain lines (JSON Lines, CoNLL); copies go into `directory`. The rest stays."""
    found = Heads(data)
    cut = {
        key: _entries(getattr(data, key), data, directory / key, found.copies)
        for key in ("train_data", "val_data", "test_data")
    }
    found.data = replace(data, **cut) if found.copies else data
    return found


def _entries(value: Any, data: Data, directory: Path, copies: dict[str, str]) -> Any:
    """The entries of one split as objects, those of huge files with the copy's path."""
    entries: list[dict[str, Any]] = []
    for source in sources(value):
        for file in files(source):
            form = _form_of_huge(file, data)
            path = _cut(Path(file.path), form, directory / str(len(entries))) if form else None
            if path is not None:
                copies[str(path)] = file.path
            entries.append(_entry(replace(file, path=str(path or file.path))))
    return entries or value


def _form_of_huge(source: Source, data: Data) -> str:
    """The format of a huge file that can be cut at a line's end; empty for any other file."""
    path = Path(source.path)
    if source.path == SAMPLE or source.path.startswith(HUB) or not path.is_file() or path.stat().st_size <= HUGE:
        return ""
    if plain_suffix(path) != path.suffix:
        return ""
    form = formats.guess(path) if data.format == "auto" else data.format
    return form if form in ("jsonl", "conll") else ""


def _cut(path: Path, form: str, directory: Path) -> Path:
    """A copy of the first HEAD bytes, up to the end of a row."""
    with path.open("rb") as handle:
        kept = handle.read(HEAD)
    ending = b"\n\n" if form == "conll" else b"\n"
    end = kept.rfind(ending) + len(ending)
    directory.mkdir(parents=True, exist_ok=True)
    copy = directory / path.name
    copy.write_bytes(kept[:end] if end >= len(ending) else kept)
    return copy


def _entry(source: Source) -> dict[str, Any]:
    parts = {"path": source.path, "weight": source.weight, "split": source.split, "subset": source.subset}
    return {name: value for name, value in parts.items() if value is not None}
