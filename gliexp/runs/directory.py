"""Where a run writes: outputs/<task>/<name>-<signature>/."""

from __future__ import annotations

from pathlib import Path

from gliexp.config.compose import Composed
from gliexp.data.fingerprint import of_value
from gliexp.runs.entry import SEEDS
from gliexp.runs.signature import signature, versions


def signature_of(composed: Composed) -> str:
    """Signature of a composed run: its settings, the contents of its data files and the library versions."""
    return signature(composed.tree, data_hashes(composed), versions())


def setting_of(composed: Composed) -> str:
    """The signature less the seeds: the same for runs that are to be averaged."""
    seeds = {seed.partition(".")[2] for seed in SEEDS if seed.startswith("training.")}
    tree = {
        **composed.tree,
        "run": {key: value for key, value in composed.tree["run"].items() if key != "seed"},
        "training": {key: value for key, value in composed.tree["training"].items() if key not in seeds},
    }
    return signature(tree, data_hashes(composed), versions())


def data_hashes(composed: Composed) -> dict[str, str]:
    """The hash of each data file by its split and place among the files; file names play no part."""
    data = composed.config.data
    found = {
        f"{split} {place}": digest
        for split, value in (("train", data.train_data), ("dev", data.val_data), ("test", data.test_data))
        for place, digest in enumerate(of_value(value, split, composed.config.run.task))
    }
    if composed.config.training.use_ewc:
        earlier = of_value(data.previous_data, "train", composed.config.run.task)
        found |= {f"previous {place}": digest for place, digest in enumerate(earlier)}
    return found


def run_directory(composed: Composed) -> Path:
    """The directory of this run, relative to the working directory unless run.root is absolute."""
    run = composed.config.run
    return Path(run.root) / run.task / f"{composed.name}-{signature_of(composed)}"
