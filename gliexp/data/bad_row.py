"""What every reader raises for a row, or the rest of a file, that cannot be used."""

from __future__ import annotations


class BadRow(Exception):
    """A row that cannot be used; the message says why, without file and line."""
