"""Importing: a W&B export, another tool's YAML or a saved model's config becomes an experiment file.

`reading` makes the file plain values and tells what it is, `placing` finds the key for each of them, `fitting` makes
the value one that the key takes, `reducing` keeps what differs from the defaults, `writing` writes the file.
"""

from __future__ import annotations

from pathlib import Path

from gliexp.config.importing.placing import place
from gliexp.config.importing.reading import read
from gliexp.config.importing.reducing import Imported, reduce
from gliexp.config.importing.writing import MARK, text

__all__ = ["MARK", "Imported", "experiment_of", "text"]


def experiment_of(file: Path) -> Imported:
    """The experiment that a foreign file stands for. Raises Refusal for a file that holds no settings."""
    source = read(file)
    return reduce(source, place(source))
