"""Reads a .wandb file: frames of LevelDB's log format around wandb's own protobuf records.

wandb 0.31 reads its files in its compiled core alone; the frames are those of
https://github.com/google/leveldb/blob/main/doc/log_format.md behind a header of seven bytes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

BLOCK, HEADER = 32768, 7
FULL, FIRST, LAST = 1, 2, 4


PATIENCE = 60  # seconds for wandb's own process to write what a run that has ended still owes


def records(file: Path) -> list[Any]:
    """Every record of a run that has ended, in order."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = list(_records(file))
        if any(record.WhichOneof("record_type") == "exit" for record in found) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def _records(file: Path) -> Iterator[Any]:
    content, position, parts = file.read_bytes(), HEADER, b""
    assert content[:4] == b":W&B"
    while position + HEADER <= len(content):
        left = BLOCK - position % BLOCK
        if left < HEADER:
            position += left
            continue
        size = int.from_bytes(content[position + 4 : position + 6], "little")
        kind = content[position + 6]
        part = content[position + HEADER : position + HEADER + size]
        position += HEADER + size
        parts = part if kind in (FULL, FIRST) else parts + part
        if kind in (FULL, LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            yield record


def history(file: Path) -> list[dict[str, Any]]:
    """What was logged, one mapping a call."""
    return [_items(record.history.item) for record in records(file) if record.WhichOneof("record_type") == "history"]


def summary(file: Path) -> dict[str, Any]:
    """The last value of each figure of the run."""
    found: dict[str, Any] = {}
    for record in records(file):
        if record.WhichOneof("record_type") == "summary":
            found |= _items(record.summary.update)
    return found


def config(file: Path) -> dict[str, Any]:
    """The run's config."""
    found: dict[str, Any] = {}
    for record in records(file):
        kind = record.WhichOneof("record_type")
        if kind in ("config", "run"):
            update = record.config.update if kind == "config" else record.run.config.update
            found |= _items(update)
    return found


def run(file: Path) -> Any:
    """The record that says what the run is: id, project, group, tags …"""
    return next(record.run for record in records(file) if record.WhichOneof("record_type") == "run")


def _items(items: Any) -> dict[str, Any]:
    return {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in items}
