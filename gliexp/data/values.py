"""Single values of a row, checked: each function gives the value or raises BadRow saying what it is instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gliexp.data.bad_row import BadRow


def kind(value: object) -> str:
    """What a value is, in words a JSON writer knows."""
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def listed(value: object, name: str) -> Sequence[Any]:
    """A list."""
    if not isinstance(value, list):
        raise BadRow(f"{name} must be a list, it is {kind(value)}")
    return value


def whole(value: object, what: str) -> int:
    """A whole number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(f"{what} is {value!r}, not a whole number")
    return value


def label(value: object, what: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str):
        raise BadRow(f"{what} is {kind(value)}, not text")
    if not value.strip():
        raise BadRow(f"{what} is empty")
    refuse_halves(value, what)
    return value


def parts(item: object, what: str, keys: tuple[str, str, str]) -> tuple[Any, Any, Any]:
    """The three values of a list or of an object with `keys`."""
    if isinstance(item, dict):
        missing = [key for key in keys if key not in item]
        if missing:
            raise BadRow(f"{what} lacks {', '.join(missing)}")
        return item[keys[0]], item[keys[1]], item[keys[2]]
    if isinstance(item, list) and len(item) == 3:
        return item[0], item[1], item[2]
    raise BadRow(f"{what} must be [{', '.join(keys)}] or an object with these keys, it is {item!r:.60}")


def refuse_halves(text: str, what: str) -> None:
    """Raise BadRow for half of a character, which JSON can write and no tokenizer can read."""
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadRow(f"{what} holds half of a character (U+{ord(text[error.start]):04X})") from error
