"""Where a run writes: outputs/<task>/<name>-<signature>/."""

from __future__ import annotations

from pathlib import Path

from gliexp.config.compose import Composed
from gliexp.data.splits import data_hashes
from gliexp.runs.signature import signature, versions


def signature_of(composed: Composed) -> str:
    """Signature of a composed run: its settings, the contents of its data files and the library versions."""
    return signature(composed.tree, data_hashes(composed.config.data), versions())


def run_directory(composed: Composed) -> Path:
    """The directory of this run, relative to the working directory unless run.root is absolute."""
    run = composed.config.run
    return Path(run.root) / run.task / f"{run.name}-{signature_of(composed)}"
