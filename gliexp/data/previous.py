"""What a classifier learned before it comes to this run's data."""

from __future__ import annotations

from dataclasses import replace

from gliexp.config.schema.data import Data
from gliexp.config.sources import SAMPLE
from gliexp.data.splits import Splits, load


def load_previous(data: Data, task: str, *, seed: int) -> Splits:
    """The rows of data.previous_data, all of them in `train`, under the labels that they hold or offer themselves.

    Raises Refusal as `load` does.
    """
    before = replace(data, train_data=data.previous_data, val_data=None, test_data=None, class_labels=None)
    found = load(before, task, seed=seed)
    if data.previous_data != SAMPLE:  # which has dev rows of its own; of other files a tenth was drawn for it
        found.train = [*found.train, *found.dev]
        found.places["train"] = [*found.places["train"], *found.places.get("dev", [])]
    return found
