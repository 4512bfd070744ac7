"""What commands share in reading their words: refusals in place of argparse's exit, lists of labels, overrides."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gliexp.config.report import COMMAND_LINE
from gliexp.errors import Problem, Refusal


class Parser(argparse.ArgumentParser):
    """An argument parser that refuses like everything else here."""

    def error(self, message: str) -> NoReturn:
        verb = self.prog.rsplit(" ", 1)[-1]
        raise Refusal([Problem(verb, message, f"see python -m {self.prog} --help", COMMAND_LINE)])


def is_override(word: str) -> bool:
    """Whether a word is key=value and no path."""
    return "=" in word and not Path(word).exists()


def labels(key: str, given: Sequence[str]) -> list[str]:
    """The labels of options that may be repeated: each is a list with commas, or @FILE with a label a line.

    Raises Refusal for empty and repeated labels and files that cannot be read.
    """
    found: list[str] = []
    for value in given:
        found += _lines(key, value[1:]) if value.startswith("@") else [part.strip() for part in value.split(",")]
    if (given and not all(found)) or (given and not found):
        raise Refusal([Problem(key, "a label is empty", "a,b,c or @FILE with a label a line", COMMAND_LINE)])
    twice = sorted({label for label in found if found.count(label) > 1})
    if twice:
        raise Refusal([Problem(key, f"named twice: {', '.join(twice[:5])}", "each label once", COMMAND_LINE)])
    return found


def _lines(key: str, name: str) -> list[str]:
    try:
        lines = Path(name).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the labels of {name} cannot be read: {error}"
        raise Refusal([Problem(key, message, "@FILE with a label a line", COMMAND_LINE)]) from error
    return [line.strip() for line in lines if line.strip()]


def number(key: str, text: str | None, lowest: float, highest: float) -> float | None:
    """A number within bounds; None stays None. Raises Refusal."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not lowest <= value <= highest:
        bounds = f"{lowest:g} to {highest:g}" if highest < float("inf") else f"at least {lowest:g}"
        raise Refusal([Problem(key, f"does not accept {text!r}", bounds, COMMAND_LINE)])
    return value


def count(key: str, text: str) -> int:
    """A whole number from 1 on. Raises Refusal."""
    if not text.isdecimal() or int(text) < 1:
        raise Refusal([Problem(key, f"does not accept {text!r}", "a whole number from 1", COMMAND_LINE)])
    return int(text)
