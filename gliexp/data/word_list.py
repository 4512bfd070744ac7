"""The words of a row, given as a list or as text to be split."""

from __future__ import annotations

from collections.abc import Sequence

from gliexp.data import values, words
from gliexp.data.bad_row import BadRow

MARKERS = ("<<ENT>>", "<<SEP>>", "<<REL>>", "<<LABEL>>")


def tokens_of(value: object, name: str) -> list[str]:
    """A list of words that may be trained on; raises BadRow naming the first that may not."""
    tokens = values.listed(value, name)
    if not tokens:
        raise BadRow(f"{name} is empty")
    # The words are most of a file, so the usual row is passed in two calls; only a bad one is looked at word by word.
    if set(map(type, tokens)) == {str} and all(map(str.strip, tokens)):
        _refuse_unfit(tokens)
        return list(tokens)
    for place, token in enumerate(tokens):
        if not isinstance(token, str):
            raise BadRow(f"{name}[{place}] is {values.kind(token)}, not text")
        if not token or token.isspace():
            raise BadRow(f"{name}[{place}] is empty")
    return list(tokens)


def split_of(text: object, name: str) -> list[words.Word]:
    """The words of a text with their places; raises BadRow for what is no text or holds none."""
    if not isinstance(text, str):
        raise BadRow(f"{name} is {values.kind(text)}, not text")
    _refuse_unfit([text])
    found = words.split(text)
    if not found:
        raise BadRow(f"{name} holds no word")
    return found


def _refuse_unfit(tokens: Sequence[str]) -> None:
    """Raise BadRow for the model's own markers and for halves of characters."""
    text = "\n".join(tokens)
    values.refuse_halves(text, "a word")
    if "<<" not in text:
        return
    for place, token in enumerate(tokens):
        if "<<" in token and (held := [marker for marker in MARKERS if marker in token]):
            raise BadRow(f"word {place} holds {held[0]}, which the model reserves for its prompt")
