"""One file of a split as a table of rows, out of the cache where it is large."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gliexp import __version__
from gliexp.config.cache import cache_directory
from gliexp.config.schema.data import Data
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.config.sources import SAMPLE, Source
from gliexp.data import classes, formats, sample, words
from gliexp.data.fingerprint import digest, of_source, stamp
from gliexp.data.formats import PLAIN, Layout
from gliexp.data.manner import layout, names
from gliexp.data.reading import Reading, Take, gather, refuse_file
from gliexp.data.stored.cache import Stored, held, kept, key_of
from gliexp.data.stored.table import CLASSES, ENTITIES
from gliexp.errors import Problem

SMALL = 4 << 20
"""Bytes up to which a file is read each time: that takes a second, and an entry for every file would only pile up."""


@dataclass(frozen=True)
class Read:
    """One file that was read: its path ("sample:train" for embedded data), its split, its rows and its contents' hash.

    `format` and `detail` say how it was read.
    """

    path: str
    split: str
    rows: int
    sha256: str
    format: str = ""
    detail: str = ""


def read_source(source: Source, split: str, data: Data, task: str) -> tuple[Stored, Read]:
    """The rows of one entry of a split, and what is to be remembered of it; what is wrong is in `.reading.problems`."""
    is_sample = source.path == SAMPLE
    path = str(sample.path(split, task)) if is_sample else source.path
    shown = f"{SAMPLE}:{split}" if is_sample else source.path
    classifies = task in CLASSIFICATION_TASKS
    kind = CLASSES if classifies else ENTITIES
    own_reader = classes.reader(data) if classifies else None
    laid_out = PLAIN if is_sample else layout(data, split, source)
    fields, form = (None, None) if is_sample else (names(data), data.format)

    def read(take: Take) -> Reading:
        tags = None if is_sample else data.tag_names
        return gather(path, take, fields, form, laid_out, tags, own_reader, data.label_names)

    before = stamp(Path(path))
    keeps = not is_sample and data.cache and _is_large(Path(path))
    if keeps and refuse_file(Path(path), data.format, laid_out) is None:
        key = key_of(digest(Path(path)), kind, _settings(path, data, laid_out))
        found = kept(_home(data), key, shown, kind, read)
    else:
        found = held(shown, kind, read)
    reading = found.reading
    if reading.problems:
        return found, Read(shown, split, 0, "")
    if stamp(Path(path)) != before:
        reading.problems.append(Problem("data", "the file changed while it was read", where=path))
    about = (reading.rows, of_source(source, split, task), reading.format, reading.detail)
    return found, Read(shown, split, *about)


def _home(data: Data) -> Path:
    return Path(data.cache_dir).expanduser() if data.cache_dir else cache_directory() / "data"


def _is_large(path: Path) -> bool:
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file()) > SMALL
    return path.exists() and path.stat().st_size > SMALL


def _settings(path: str, data: Data, laid_out: Layout) -> dict[str, Any]:
    """All that decides the rows of a file beside its contents."""
    found = formats.recognise(Path(path), laid_out) if data.format == "auto" else data.format
    says = asdict(laid_out)
    if not formats.FORMATS[found if isinstance(found, str) else found.name if found else "jsonl"].directories:
        del says["split"], says["subset"]  # the same file for train and dev is one entry
    return {
        "gliexp": __version__,
        "format": found,
        "layout": says,
        "fields": asdict(data.fields),
        "tag_names": data.tag_names,
        "label_names": data.label_names,
        "words": words.RULE,
    }
