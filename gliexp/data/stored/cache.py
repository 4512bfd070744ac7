"""Rows of large files kept as Arrow, so that they are read and checked once and mapped into memory afterwards.

An entry is a directory named by its key, a hash of the file's contents and of all that decides what rows it gives. It
is written beside its place and renamed under a lock of the operating system, so a run that is killed leaves nothing
that looks whole and two runs that start at once read the file once. Entries carry the hash of their bytes; one that is
damaged is built again. Nothing in them is code: Arrow and JSON.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock

from gliexp.data.file_hash import file_hash
from gliexp.data.reading import Reading, Take
from gliexp.data.stored.table import Builder, Kind, Table, map_file

logger = logging.getLogger("gliexp")

VERSION = 1
"""Rises whenever readers give other rows, or blocks other columns, than before."""

ROWS, ABOUT = "rows.arrow", "entry.json"
PIECE = 1 << 20

Read = Callable[[Take], Reading]
"""Reads the whole file and hands each good row to the function."""


@dataclass
class Stored:
    """The rows of a file and how it was read; `remarks` say what went wrong with keeping them."""

    table: Table
    reading: Reading
    remarks: list[str] = field(default_factory=list)


def key_of(contents: str, kind: Kind, settings: Mapping[str, Any]) -> str:
    """The name of an entry: `contents` is the file's hash, `settings` is what else decides its rows (plain values)."""
    said = json.dumps([VERSION, contents, kind.name, settings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:40]


def kept(home: Path, key: str, path: str, kind: Kind, read: Read) -> Stored:
    """The rows of a file out of the cache at `home`, or read and put there.

    Where the cache cannot be written (full disk, no permission) the rows are held in memory and a remark says so. A
    file with bad rows is not kept; they are in `reading.problems`.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / f"{key}.lock")
        lock.acquire()
    except OSError as error:
        return _without(home, path, kind, read, error)
    try:
        remarks = []
        try:
            found = _opened(home / key, path, kind)
        except _DamagedError as damage:
            remarks.append(f"{path}: its entry in the cache was damaged ({damage}) and is built again")
            logger.warning(remarks[0])
            found = None
        if found is None:
            try:
                found = _written(home, key, path, kind, read)
            except _NotWrittenError as failure:
                found = _without(home, path, kind, read, failure.error)
        found.remarks[:0] = remarks
        return found
    finally:
        lock.release()


def held(path: str, kind: Kind, read: Read) -> Stored:
    """The rows of a file in memory."""
    table = Table(path)
    builder = Builder(kind, lambda batch: table.blocks.append(kind.block(batch)))
    reading = read(builder.add)
    builder.close()
    return Stored(table, reading)


class _DamagedError(Exception):
    """An entry that is there and cannot be used."""


class _NotWrittenError(Exception):
    """The cache's disk failed, not the file that is read."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def _without(home: Path, path: str, kind: Kind, read: Read, error: OSError) -> Stored:
    found = held(path, kind, read)
    found.remarks.append(f"{path}: its rows are held in memory, the cache {home} cannot be written ({error.strerror})")
    logger.warning(found.remarks[-1])
    return found


def _opened(entry: Path, path: str, kind: Kind) -> Stored | None:
    """The entry mapped into memory, or None where there is none."""
    if not entry.is_dir():
        return None
    try:
        about = json.loads((entry / ABOUT).read_text(encoding="utf-8"))
        rows = entry / ROWS
        if rows.stat().st_size != about["bytes"] or file_hash(rows) != about["sha256"]:
            raise _DamagedError("its bytes are not those that were written")
        table = map_file(path, str(rows), kind.name)
        reading = Reading(path, about["format"], about["detail"], rows=int(about["rows"]))
        reading.notes += [path + note for note in about["notes"]]
        reading.dropped.update(about["dropped"])
        reading.renamed.update(about["renamed"])
    except OSError as error:
        raise _DamagedError(str(error.strerror)) from error
    except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise _DamagedError(f"{type(error).__name__}: {error}") from error
    return Stored(table, reading)


def _written(home: Path, key: str, path: str, kind: Kind, read: Read) -> Stored:
    """Read the file into a new entry. Raises _NotWrittenError where the disk does not take it."""
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=home))
    except OSError as error:
        raise _NotWrittenError(error) from error
    try:
        with _Out(beside / ROWS, kind.schema) as out:
            builder = Builder(kind, out.batch)
            reading = read(builder.add)
            builder.close()
        if reading.problems:
            return Stored(Table(path), reading)
        about = {
            "version": VERSION,
            "format": reading.format,
            "detail": reading.detail,
            "rows": reading.rows,
            "dropped": dict(reading.dropped),
            "renamed": reading.renamed,
            "notes": [note.removeprefix(path) for note in reading.notes],
            "bytes": out.size,
            "sha256": out.hash.hexdigest(),
        }
        try:
            (beside / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
            shutil.rmtree(home / key, ignore_errors=True)  # a damaged one
            beside.rename(home / key)
            found = _opened(home / key, path, kind)
        except OSError as error:
            raise _NotWrittenError(error) from error
        except _DamagedError as damage:
            raise _NotWrittenError(OSError(0, str(damage))) from damage
        assert found is not None
        return found
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Out:
    """A stream of record batches into a file, hashed on the way."""

    def __init__(self, path: Path, schema: Any) -> None:
        self.hash = hashlib.sha256()
        self.size = 0
        self.closed = False
        self._path = path
        self._schema = schema

    def __enter__(self) -> _Out:
        try:
            self._file = self._path.open("wb", buffering=PIECE)
            self._stream = pa.ipc.new_stream(self, self._schema)
        except OSError as error:
            raise _NotWrittenError(error) from error
        return self

    def batch(self, batch: Any) -> None:
        try:
            self._stream.write_batch(batch)
        except OSError as error:
            raise _NotWrittenError(error) from error

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self.closed = True

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._stream.close()
            self._file.close()
        except OSError as error:
            if kind is None:
                raise _NotWrittenError(error) from error
