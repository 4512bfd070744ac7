"""Where a run writes: outputs/<task>/<name>-<signature>/."""

from __future__ import annotations

from pathlib import Path

from gliexp.config.compose import Composed
from gliexp.data import sample
from gliexp.data.splits import SAMPLE, digest
from gliexp.runs.signature import signature, versions


def signature_of(composed: Composed) -> str:
    """Signature of a composed run: its settings, the contents of its data files and the library versions."""
    return signature(composed.tree, data_hashes(composed), versions())


def data_hashes(composed: Composed) -> dict[str, str]:
    """SHA-256 of each data file by its split and place in the list; file names play no part."""
    data = composed.config.data
    hashes = {}
    for split, value in (("train", data.train_data), ("dev", data.val_data), ("test", data.test_data)):
        names = [value] if isinstance(value, str) else list(value or [])
        for place, name in enumerate(names):
            hashes[f"{split} {place}"] = digest(
                sample.path(split, composed.config.run.task) if name == SAMPLE else Path(name)
            )
    return hashes


def run_directory(composed: Composed) -> Path:
    """The directory of this run, relative to the working directory unless run.root is absolute."""
    run = composed.config.run
    return Path(run.root) / run.task / f"{composed.name}-{signature_of(composed)}"
