"""Opens a file for reading whether it is packed (gzip, Zstandard) or not; a broken packing is a BadRow, not a crash."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from gliexp.data.bad_row import BadRow
from gliexp.data.formats import extra

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
SUFFIXES = (".gz", ".zst")
PIECE = 1 << 16


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of `path`, unpacked if it begins as a packed file does.

    Raises BadRow, on opening or while it is read, for a packing that breaks off or is damaged, and Refusal where the
    library for it is not installed.
    """
    with path.open("rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic == ZSTD:
            yield io.BufferedReader(_Unpacked(_Frames(file)), PIECE)
        elif magic[:2] == GZIP:
            yield io.BufferedReader(_Unpacked(gzip.GzipFile(fileobj=file)), PIECE)
        else:
            yield file


def plain_suffix(path: Path) -> str:
    """The suffix that names the form, without the packing's: ".csv" of `a.csv.gz`."""
    return Path(path.stem).suffix if path.suffix in SUFFIXES else path.suffix


class _Unpacked(io.RawIOBase):
    """Turns what an unpacker raises into BadRow."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._source.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise BadRow(f"the packed file is damaged or breaks off: {error}") from error
        buffer[: len(piece)] = piece
        return len(piece)


class _Frames:
    """Zstandard frames one after the other; the library's own stream reader takes one that breaks off for its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._library = extra.load("zstandard", "reading .zst files")
        self._file = file
        self._unpacker: Any = None
        self._packed = b""
        self._ready = b""

    def read(self, size: int) -> bytes:
        while not self._ready and self._fill():
            pass
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece

    def _fill(self) -> bool:
        """Unpack one more piece; False at the end of the file."""
        self._packed = self._packed or self._file.read(PIECE)
        if not self._packed:
            if self._unpacker is not None:
                raise EOFError("the last frame has no end")
            return False
        self._unpacker = self._unpacker or self._library.ZstdDecompressor().decompressobj()
        try:
            self._ready = self._unpacker.decompress(self._packed)
        except self._library.ZstdError as error:
            raise OSError(error) from error
        self._packed = self._unpacker.unused_data
        if self._unpacker.eof:
            self._unpacker = None
        return True
