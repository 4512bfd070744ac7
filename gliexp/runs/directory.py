"""Where a run writes: outputs/<task>/<name>-<signature>/."""

from __future__ import annotations

from pathlib import Path

from gliexp.config.compose import Composed
from gliexp.data.fingerprint import of_value
from gliexp.runs.signature import signature, versions


def signature_of(composed: Composed) -> str:
    """Signature of a composed run: its settings, the contents of its data files and the library versions."""
    return signature(composed.tree, data_hashes(composed), versions())


def data_hashes(composed: Composed) -> dict[str, str]:
    """The hash of each data file by its split and place among the files; file names play no part."""
    data = composed.config.data
    return {
        f"{split} {place}": found
        for split, value in (("train", data.train_data), ("dev", data.val_data), ("test", data.test_data))
        for place, found in enumerate(of_value(value, split))
    }


def run_directory(composed: Composed) -> Path:
    """The directory of this run, relative to the working directory unless run.root is absolute."""
    run = composed.config.run
    return Path(run.root) / run.task / f"{composed.name}-{signature_of(composed)}"
