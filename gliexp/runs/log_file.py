"""train.log: everything that is logged at INFO or above while a run lasts, without secrets."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gliexp.config import secrets


class Scrubbed(logging.Formatter):
    """Lines and tracebacks without secrets, whoever logs them."""

    def format(self, record: logging.LogRecord) -> str:
        return secrets.scrub(super().format(record))


class LogFile(logging.FileHandler):
    """Says once that it cannot be written (a full disk), where Python's own prints a traceback for each line."""

    told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        if not self.told:
            print(f"{self.baseFilename} cannot be written: {sys.exc_info()[1]}", file=sys.stderr)
        self.told = True

    def close(self) -> None:
        """Close the file, also where the disk does not take its last lines."""
        try:
            super().close()
        except OSError:
            self.stream = None  # as logging does when it has closed it
            super().close()


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write the log while the block runs."""
    handler = LogFile(path, encoding="utf-8")
    handler.setFormatter(Scrubbed("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.setLevel(logging.INFO)
    root = logging.getLogger()
    root.addHandler(handler)
    if root.level > logging.INFO:
        root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
