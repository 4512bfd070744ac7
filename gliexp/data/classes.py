"""The labels of a classification run, which of them a row is asked about, and what its rows cannot teach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gliexp.config.schema.classifier import MULTI, SINGLE
from gliexp.config.schema.data import Data
from gliexp.data.class_row import ClassRowReader
from gliexp.data.labels import LabelSampler
from gliexp.data.losses import Losses
from gliexp.data.renaming import Renaming
from gliexp.data.rows import Rows
from gliexp.errors import Problem, Refusal

Row = Mapping[str, Any]

NOT_ONE = "row with other than one true label (single_label_classification)"
NO_SHARE = "score outside 0..1 (multi_label_classification)"
UNOFFERED = "true label that is not offered"
UNEXPLAINED = "row that only says no (single_label_classification)"


def reader(data: Data) -> ClassRowReader:
    """The reader of this config's files."""
    names = data.fields
    named = {
        "text": names.text,
        "all_labels": names.all_labels,
        "true_labels": names.true_labels,
        "prompt": names.prompt,
        "examples": names.examples,
    }
    return ClassRowReader(named, Renaming(data.label_names), data.columns.labels_separator)


def settle(splits: Any, data: Data) -> None:
    """Fix the label set of a run's splits (in place) and count what lies outside it.

    The set is data.class_labels, else every label that the training rows offer or hold, sorted. Raises Refusal where
    there is none.
    """
    named = list(dict.fromkeys(data.class_labels)) if data.class_labels else None
    rows = {split: Rows.of(getattr(splits, split)) for split in ("train", "dev", "test")}
    found = {label for one in rows["train"].label_sets() for label in (*one.entity, *(one.entity_offered or ()))}
    splits.class_labels = named or sorted(found)
    if not splits.class_labels:
        raise Refusal([Problem("data.train_data", "no row has a label: there is nothing to learn")])
    known = set(splits.class_labels)
    for split, of_split in rows.items():
        numbers, sets = of_split.labels
        counts = Counter[str]()
        for one, times in zip(sets, np.bincount(numbers, minlength=len(sets)).tolist(), strict=True):
            if one.entity_offered is None and times:
                counts.update({label: times for label in one.entity if label not in known})
        if counts:
            splits.unknown[split] = counts


def offered(row: Row, labels: Sequence[str]) -> list[str]:
    """The labels that `row` is asked about outside of training: its own, else the run's fixed set."""
    return list(row.get("all_labels") or labels)


def usable(
    rows: Sequence[Row], places: Sequence[str], labels: Sequence[str], problem: str | None
) -> tuple[list[int], Losses]:
    """Numbers of the rows that a problem type can be scored and trained on, and what the others lack.

    single_label_classification needs exactly one true label, multi_label_classification scores in 0..1.
    """
    kept, losses = [], Losses(rows=len(rows))
    for number, row in enumerate(rows):
        held = {label for label, score in row["true"].items() if score > 0}
        asked = set(offered(row, labels))
        reasons = []
        if problem == SINGLE and len(held) != 1:
            reasons.append(NOT_ONE)
        if problem == MULTI and not all(0 <= score <= 1 for score in row["true"].values()):
            reasons.append(NO_SHARE)
        if not asked.issuperset(row["true"]):
            reasons.append(UNOFFERED)
        for reason in reasons:
            losses.add(reason, places[number])
        if not reasons:
            kept.append(number)
    return kept, losses


class ClassSampler:
    """Offers labels to training rows by the policies of LabelSampler; a function of (seed, epoch, row) alone.

    A row's own all_labels take the place of the run's set; at most `most` are offered, but never fewer than hold.
    """

    def __init__(self, labels: Sequence[str], policy: str, most: int, negative_ratio: int) -> None:
        self._sampler = LabelSampler(labels, policy=policy, max_types=most, negative_ratio=negative_ratio)

    def offer(self, row: Row, *, seed: int, epoch: int, index: int) -> list[str]:
        """The labels for row `index` in `epoch`, in the order of the prompt."""
        return self._sampler.choose(row["true"], row.get("all_labels"), seed=seed, epoch=epoch, index=index)

    def most(self, row: Row) -> list[str]:
        """The longest labels that `offer` can give this row in any epoch."""
        return self._sampler.longest(row["true"], row.get("all_labels"))
