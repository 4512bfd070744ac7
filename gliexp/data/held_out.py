"""Rows to score a finished model on: test rows, and dev rows where a threshold is to be chosen; nothing to train on."""

from __future__ import annotations

from collections.abc import Sequence

from gliexp.config.schema.data import Data
from gliexp.config.sources import SAMPLE
from gliexp.data.asked import KEYS, asked_for
from gliexp.data.reading import shortened
from gliexp.data.row import Example
from gliexp.data.rows import Rows
from gliexp.data.splits import Splits, add, said
from gliexp.errors import Problem, Refusal

VALUES = {"dev": "val_data", "test": "test_data"}


def held_out(data: Data, task: str, splits: Sequence[str] = ("test",)) -> Splits:
    """The rows of the named splits ("test", "dev"), read as the data section says; label sets stay empty.

    Raises Refusal with every problem of every file, and where the config names no file for a split.
    """
    found, problems = Splits(), list[Problem]()
    for split in splits:
        value = getattr(data, VALUES[split])
        if not value or (value == SAMPLE != data.test_data):  # the sample's dev rows say nothing of other data
            problems.append(Problem(KEYS[split], "no data to score on", "a file or a list of files"))
            continue
        files, wrong = asked_for(value, split)
        problems += wrong
        found.set(split, Rows([add(found, split, file, data, task, problems) for file in files]))
    if problems:
        raise Refusal(shortened(problems))
    found.notices += said(found)
    return found


def labels_of(rows: Sequence[Example], key: str, offered: str) -> list[str]:
    """Every label that rows hold under `key` ("ner", "relations", "true") or only offer, sorted."""
    held = {item if key == "true" else item[2] for row in rows for item in row.get(key) or ()}
    return sorted(held.union(*(row.get(offered) or () for row in rows)))
