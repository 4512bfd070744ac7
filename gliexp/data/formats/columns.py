"""Parquet and Arrow: tables by column, read a batch of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import extra
from gliexp.data.formats.raw import Layout, Raw

BATCH = 1000
PARQUET, ARROW_FILE, ARROW_STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"


def parquet(path: Path, _layout: Layout) -> Iterator[Raw]:
    """The rows of a Parquet file; `line` is the row's number from 1."""
    library = extra.load("pyarrow.parquet", "reading Parquet")
    yield from _rows(path, lambda file: _parquet_batches(library.ParquetFile(file)))


def arrow(path: Path, _layout: Layout) -> Iterator[Raw]:
    """The rows of an Arrow file or stream; `line` is the row's number from 1."""
    library = extra.load("pyarrow.ipc", "reading Arrow")
    yield from _rows(path, lambda file: _arrow_batches(library, file))


def recognise(start: bytes) -> str | None:
    """parquet or arrow by the first bytes of a file."""
    if start.startswith(PARQUET):
        return "parquet"
    return "arrow" if start.startswith((ARROW_FILE, ARROW_STREAM)) else None


def faults() -> tuple[type[Exception], ...]:
    """What pyarrow raises for a damaged file."""
    library = extra.load("pyarrow", "reading tables")
    return (library.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError)


def rows_of(batch: Any, features: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a record batch or table as plain values, numbers of classes as the names that `features` give.

    `features` are those of the `datasets` library in their JSON form. Raises what `faults` lists.
    """
    batch.validate(full=True)  # a damaged offset would otherwise be followed into other memory
    found = batch.to_pylist()
    named = {key: value for key, value in features.items() if _holds_classes(value)}
    for row in found if named else ():
        for key, feature in named.items():
            if key in row:
                row[key] = _named(row[key], feature)
    return found  # type: ignore[no-any-return]


def _rows(path: Path, batches_of: Any) -> Iterator[Raw]:
    wrong = faults()
    number = 0
    with path.open("rb") as file:
        try:
            for features, batch in batches_of(file):
                for row in rows_of(batch, features):
                    number += 1
                    yield Raw(number, row)
        except wrong as error:
            told = str(error).strip().splitlines() or [type(error).__name__]
            raise BadRow(f"the table is damaged or breaks off: {told[0]:.200}") from error


def _parquet_batches(table: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    features = _features(table.schema_arrow)
    for batch in table.iter_batches(batch_size=BATCH):
        yield features, batch


def _arrow_batches(library: Any, file: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    magic = file.read(len(ARROW_FILE))
    file.seek(0)
    if magic == ARROW_FILE:
        reader = library.open_file(file)
        batches = (reader.get_batch(place) for place in range(reader.num_record_batches))
    else:
        reader = library.open_stream(file)
        batches = iter(reader)
    features = _features(reader.schema)
    for batch in batches:
        for start in range(0, batch.num_rows, BATCH):
            yield features, batch.slice(start, BATCH)


def _features(schema: Any) -> Mapping[str, Any]:
    """The features that the `datasets` library writes beside a schema; nothing where another tool wrote the file."""
    text = (schema.metadata or {}).get(b"huggingface")
    try:
        found = json.loads(text)["info"]["features"] if text else {}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadRow("what the datasets library wrote about the columns is damaged") from error
    return found if isinstance(found, dict) else {}


def _holds_classes(feature: object) -> bool:
    if isinstance(feature, Mapping):
        return _is_class(feature) or any(map(_holds_classes, feature.values()))
    return isinstance(feature, list) and any(map(_holds_classes, feature))


def _is_class(feature: Mapping[str, Any]) -> bool:
    return feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)


def _named(value: Any, feature: Any) -> Any:
    """`value` with the numbers of classes as their names; a number without a name stays, to be refused as such."""
    if isinstance(feature, list):
        feature = feature[0] if feature else None
    if not isinstance(feature, Mapping):
        return value
    if isinstance(value, list):
        inner = feature.get("feature", feature)
        return [_named(item, inner) for item in value]
    if _is_class(feature):
        names = feature["names"]
        return names[value] if type(value) is int and 0 <= value < len(names) else value
    inner = feature.get("feature", feature)
    if isinstance(value, dict) and isinstance(inner, Mapping):
        return {key: _named(item, inner.get(key)) for key, item in value.items()}
    return value
