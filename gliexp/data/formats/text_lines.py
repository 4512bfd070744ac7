"""Text out of bytes: UTF-8 with or without its mark, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gliexp.data.bad_row import BadRow
from gliexp.data.formats.compressed import opened

MARK = b"\xef\xbb\xbf"
SAMPLE_BYTES = 1 << 16


def decoded(raw: bytes) -> str:
    """The text of `raw`; raises BadRow naming the first byte that is not UTF-8."""
    try:
        return raw.removeprefix(MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8: byte 0x{raw[error.start]:02x} at place {error.start}") from error


def whole(path: Path) -> str:
    """The whole text of a file, packed or not; raises BadRow."""
    with opened(path) as file:
        return decoded(file.read())


def beginning(path: Path) -> str:
    """The whole lines in the first SAMPLE_BYTES of a file, bytes that are not UTF-8 replaced; raises BadRow."""
    with opened(path) as file:
        raw = file.read(SAMPLE_BYTES)
        if file.read(1):
            raw = raw[: raw.rfind(b"\n") + 1] or raw
    return raw.removeprefix(MARK).decode("utf-8", errors="replace")


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line from 1, its bytes with the line end) of a file, packed or not; raises BadRow."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removeprefix(MARK) if number == 1 else line
