"""The files that one split asks for, each once, with all that is wrong with the asking."""

from __future__ import annotations

from typing import Any

from gliexp.config.sources import Source, faults, files, sources
from gliexp.errors import Problem

KEYS = {"train": "data.train_data", "dev": "data.val_data", "test": "data.test_data"}


def asked_for(value: Any, split: str) -> tuple[list[Source], list[Problem]]:
    """The files of train_data, val_data or test_data, patterns as the files that they meet, and the problems."""
    key = KEYS[split]
    said = faults(value, weighs=split == "train")
    wrong = [Problem(key, message, allowed, nearest=near) for message, allowed, near in said]
    if wrong:
        return [], wrong
    found: dict[tuple[str, str | None, str | None], Source] = {}
    for source in sources(value):
        met = files(source)
        if not met:
            wrong.append(Problem(key, "the pattern meets no file", where=source.path))
        for file in met:
            name = (file.path, file.split, file.subset)
            if name in found:
                allowed = "each file once; its weight says how often its rows count"
                wrong.append(Problem(key, "the file is named twice", allowed, where=file.path))
            found[name] = file
    return list(found.values()), wrong
