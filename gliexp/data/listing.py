"""A field's value as a list, where a file can only hold text or keeps a list for each key."""

from __future__ import annotations

import ast
import io
import json
import tokenize
import warnings
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gliexp.data.bad_row import BadRow


def from_cell(value: object, name: str) -> object:
    """What a cell of text stands for: a JSON or Python list, or words parted by spaces.

    Values that are no text come back as they are. Raises BadRow for a list that cannot be read.
    """
    if not isinstance(value, str):
        return value
    bare = value.strip()
    if bare[:1] != "[":
        return bare.split()
    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # a backslash in a word is no news
            found: object = ast.literal_eval(bare)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadRow(f"{name} is {bare!r:.60}, which is no list in JSON or Python") from error
    if _runs_together(bare):
        raise BadRow(f"{name} is {bare!r:.60}: texts without commas between them, as numpy prints a list")
    return _plain(found)


def side_by_side(value: object, keys: Sequence[str], name: str) -> object:
    """{"start": [0], "end": [2], "label": ["x"]} as a list of objects; any other value as it is."""
    if not isinstance(value, dict) or not all(isinstance(value.get(key), list) for key in keys):
        return value
    columns = [value[key] for key in keys]
    if len(set(map(len, columns))) > 1:
        lengths = ", ".join(f"{len(column)} {key}" for key, column in zip(keys, columns, strict=True))
        raise BadRow(f"{name} has lists of different lengths: {lengths}")
    return [dict(zip(keys, items, strict=True)) for items in zip(*columns, strict=True)]


def _runs_together(written: str) -> bool:
    """Whether two texts follow one another; Python would make one word of them."""
    signs = (token.type for token in tokenize.generate_tokens(io.StringIO(written).readline))
    shown = (sign for sign in signs if sign not in (tokenize.NL, tokenize.NEWLINE))
    return (tokenize.STRING, tokenize.STRING) in pairwise(shown)


def _plain(value: object) -> Any:
    """Tuples as lists."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
