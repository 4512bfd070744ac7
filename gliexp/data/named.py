"""The first few of many names, for one line of text."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN = 3


def first_of(items: Sequence[str], shown: int = SHOWN, more: int = 0) -> str:
    """The first `shown` items by commas, and how many further ones there are (`more` beside those in `items`)."""
    rest = max(0, len(items) - shown) + more
    return ", ".join(items[:shown]) + (f" and {rest} more" if rest > 0 else "")
