"""Makes a foreign value one that our key takes: numbers as text, "none" for null, footnote marks, names of enums."""

from __future__ import annotations

import re
from typing import Any

from gliexp.config import values
from gliexp.config.keys import Key
from gliexp.config.nearest import nearest_choice

# Marks behind a copied value: 384*, 0.4 [1], 0.05¹
_FOOTNOTE = re.compile(r"\s*(?:\[\d+\]|\(\d+\)|[*†‡§¹²³⁰⁴-⁹]+)$")
_THOUSANDS = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")
_NULLS = ("", "none", "null", "nan", "~", "nil")
_ENUM = re.compile(r"^[A-Z]\w*\.([A-Z0-9_]+)$")  # SchedulerType.LINEAR


class Unfit(Exception):
    """The value cannot be one of the key's; the message says why."""


def fit(key: Key, value: Any) -> tuple[Any, str]:
    """The value as the key takes it, and what was corrected (empty for nothing). Raises Unfit."""
    if isinstance(value, str):
        plain = value.strip()
        if _means_null(key, plain):
            return None, ""
        for text in dict.fromkeys((plain, _FOOTNOTE.sub("", plain), *_of_enum(plain))):
            fitted, fine = _try(key, text)
            if fine:
                mark_cut = text != plain and not _ENUM.match(plain)
                return fitted, f"written {value}" if mark_cut or _respelt(fitted, text) else ""
        near = nearest_choice(plain, key.limits.choices) if key.limits.choices else ""
        if near and near.lower().replace("-", "_") == plain.lower().replace("-", "_"):
            return near, f"written {value}"
    if isinstance(value, (list, dict)) and not value and (_nullable(key) or key.default in ("", None)):
        return key.default, ""
    fitted, fine = _try(key, value)
    if fine:
        return fitted, ""
    problem = values.wrong(key, value, "")
    near = f"; nearest is {problem.nearest}" if problem and problem.nearest else ""
    raise Unfit(f"{problem.message if problem else 'does not fit'}{near or f'; allowed: {key.allowed}'}")


def _try(key: Key, value: Any) -> tuple[Any, bool]:
    if isinstance(value, str) and _THOUSANDS.match(value) and key.hint in (int, float, int | None, float | None):
        value = value.replace(",", "")
    if key.hint in (int, int | None) and isinstance(value, (str, float)) and not isinstance(value, bool):
        value = _whole(value)
    if isinstance(value, str) and str(key.hint).startswith("list[str]"):
        value = [part.strip() for part in value.split(",")]
    if values.wrong(key, value, "") is not None:
        return None, False
    if value is None:
        return None, True
    return values.convert(key, value, "")[0], True


def _whole(value: str | float) -> Any:
    """A whole number that is written as 8.0 or 1e3, else the value itself."""
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else value


def _means_null(key: Key, text: str) -> bool:
    if text.lower() not in _NULLS or text in map(str, key.limits.choices) or not _nullable(key):
        return False
    return not (key.path == "training.report_to" or text == "" == key.default)


def _nullable(key: Key) -> bool:
    return values.wrong(key, None, "") is None


def _of_enum(text: str) -> list[str]:
    match = _ENUM.match(text)
    return [match[1].lower()] if match else []


def _respelt(fitted: Any, text: str) -> bool:
    return isinstance(fitted, str) and fitted != text
