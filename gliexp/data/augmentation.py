"""Classification rows shown in other ways while training: the library's AugmentationConfig, without its faults.

gliclass's DataAugmenter (data_processing.py:66) draws from the global `random`, adds labels that are there already,
exchanges a label for its synonym among those offered but not among those true, so that the row turns wrong, and adds
foreign text only where two rows offer no label in common, which rows of one data set always do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gliexp.config.schema.data import Augmentation, Data

Row = Mapping[str, Any]
DESCRIBED, EXAMPLES = 3, 2
"""Labels described, and examples shown, at most (gliclass/data_processing.py:121, 164)."""


@dataclass(frozen=True)
class LabelInfo:
    """What is known of a label: sentences about it, and other names for it."""

    descriptions: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Augmenter:
    """Changes a drawn row and the labels it is asked about, as a function of (seed, epoch, row) alone.

    `rows` lend texts and examples, `labels` are those that may be added; `keeps_true` holds for problems in which a row
    without its true label teaches nothing.
    """

    settings: Augmentation
    rows: Sequence[Row]
    labels: Sequence[str]
    infos: Mapping[str, LabelInfo] = field(default_factory=dict)
    most: int = 25
    keeps_true: bool = False

    def __call__(
        self, row: Row, asked: Sequence[str], *, seed: int, epoch: int, index: int
    ) -> tuple[dict[str, Any], list[str]]:
        """A row of its own and its labels; the given ones are not changed."""
        draw = Random(f"gliexp augmentation {seed} {epoch} {index}")
        chances, new, labels = self.settings, dict(row), list(asked)
        if draw.random() < chances.random_label_removal_prob:
            labels = self._fewer(draw, new, labels)
        if draw.random() < chances.random_label_addition_prob:
            labels = self._more(draw, labels)
        if draw.random() < chances.random_text_addition_prob:
            new["text"] = self._with_text(draw, new, labels)
        if draw.random() < chances.random_add_synonyms_prob:
            labels = self._renamed(draw, new, labels)
        if draw.random() < chances.random_add_description_prob:
            new["text"] = self._described(draw, new["text"], labels)
        if draw.random() < chances.random_add_examples_prob:
            self._with_examples(draw, new, labels)
        return new, labels

    def _fewer(self, draw: Random, row: dict[str, Any], labels: list[str]) -> list[str]:
        """Some of the labels, at least one; what is true of the row is what is left of it."""
        kept = set(draw.sample(labels, draw.randint(1, len(labels))))
        if self.keeps_true:
            kept |= set(row["true"])
        row["true"] = {label: score for label, score in row["true"].items() if label in kept}
        return [label for label in labels if label in kept]

    def _more(self, draw: Random, labels: list[str]) -> list[str]:
        """Labels of other rows among these; they are not true of this one."""
        others = [label for label in self.labels if label not in set(labels)]
        count = min(len(others), len(labels) + 1, self.most - len(labels))
        added = draw.sample(others, draw.randint(1, count)) if count > 0 else []
        return labels + added

    def _with_text(self, draw: Random, row: Row, labels: Sequence[str]) -> str:
        """The text beside that of a row of which no label holds that is asked about and does not hold here."""
        other = self.rows[draw.randrange(len(self.rows))]
        foreign = {label for label in other["true"] if label in set(labels) and label not in row["true"]}
        return str(row["text"]) if foreign else _beside(draw, row["text"], other["text"])

    def _renamed(self, draw: Random, row: dict[str, Any], labels: list[str]) -> list[str]:
        """Half of the labels that have other names under one of these, where they are true as well."""
        taken, names = set(labels), {}
        for label in labels:
            free = [name for name in self.infos.get(label, LabelInfo()).synonyms if name not in taken]
            if free and draw.random() < 0.5:
                names[label] = draw.choice(free)
                taken.add(names[label])
        row["true"] = {names.get(label, label): score for label, score in row["true"].items()}
        return [names.get(label, label) for label in labels]

    def _described(self, draw: Random, text: str, labels: Sequence[str]) -> str:
        chosen = draw.sample(list(labels), draw.randint(1, min(DESCRIBED, len(labels))))
        known = {label: self.infos[label].descriptions for label in chosen if label in self.infos}
        said = [f"{label}: {draw.choice(lines)}" for label, lines in known.items() if lines]
        return _beside(draw, text, " ".join(said)) if said else text

    def _with_examples(self, draw: Random, row: dict[str, Any], labels: Sequence[str]) -> None:
        """One or two worked examples: the row's own, else rows of which a label holds that is asked about."""
        found = list(row.get("examples") or ())
        tries = 0 if found else 4 * self.settings.max_num_examples
        for _ in range(tries):
            other = self.rows[draw.randrange(len(self.rows))]
            if (
                other["text"] != row["text"]
                and set(other["true"]) & set(labels)
                and len(found) < self.settings.max_num_examples
            ):
                found.append({"text": other["text"], "labels": list(other["true"])})
        if found:
            found = draw.sample(found, min(len(found), self.settings.max_num_examples))
            row["examples"] = found[: draw.randint(1, min(EXAMPLES, len(found)))]


def _beside(draw: Random, text: str, other: str) -> str:
    return f"{other} {text}" if draw.random() < 0.5 else f"{text} {other}"


def augmenter(
    data: Data, rows: Sequence[Row], labels: Sequence[str], *, most: int, keeps_true: bool
) -> Augmenter | None:
    """What changes training rows by the config; None where data.augmentation is off."""
    if not data.augmentation.enabled:
        return None
    infos = {
        label: LabelInfo(tuple(known.get("descriptions", ())), tuple(known.get("synonyms", ())))
        for label, known in (data.label_descriptions or {}).items()
    }
    return Augmenter(data.augmentation, rows, labels, infos, most, keeps_true)
