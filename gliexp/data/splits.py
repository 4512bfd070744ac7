"""The data of one run: train, dev and test rows, the labels they speak of, and where each row came from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from gliexp.config.schema.data import Data
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.data import classes, sample
from gliexp.data.reading import Reading, scan, shortened
from gliexp.data.row import Example, RowReader, Tidied
from gliexp.errors import Problem, Refusal

SAMPLE = "sample"
DEV_SHARE = 0.1


@dataclass(frozen=True)
class Source:
    """One file that was read: its path ("sample:train" for embedded data), its split, its rows and its bytes' hash."""

    path: str
    split: str
    rows: int
    sha256: str


@dataclass
class Splits:
    """What a run trains and scores on.

    `places` holds `file:line` for each row of each split, in the same order. `unknown` counts, by split, the labels
    that occur there and are not among the run's labels. `dropped` counts what reading left out.
    """

    train: list[Example] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    test: list[Example] = field(default_factory=list)
    entity_labels: list[str] = field(default_factory=list)
    relation_labels: list[str] = field(default_factory=list)
    class_labels: list[str] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)


def load(data: Data, task: str, *, seed: int = 0) -> Splits:
    """Read the files of the `data` section and settle the label sets.

    Without val_data a tenth of the training rows, drawn by `seed`, becomes dev; without test_data there is no test; the
    sample brings its own three. Fixed label sets come from the config, else from the training rows (sorted).
    Raises Refusal with every problem of every file at once.
    """
    is_sample = data.train_data == SAMPLE
    asked = {
        "train": data.train_data,
        "dev": SAMPLE if is_sample and not data.val_data else data.val_data,
        "test": SAMPLE if is_sample and not data.test_data else data.test_data,
    }
    if not asked["train"]:
        raise Refusal([Problem("data.train_data", "nothing to train on", allowed="a file, a list of files, or sample")])
    classifies = task in CLASSIFICATION_TASKS
    tidy = classes.reader(data).tidy if classifies else _gliner_reader(data).tidy
    splits, problems = Splits(), list[Problem]()
    for split, value in asked.items():
        _add(splits, split, _paths(value, split, task), tidy, data.format, problems)
    if problems:
        raise Refusal(shortened(problems))
    if not asked["dev"]:
        _divide(splits, seed)
    if classifies:
        classes.settle(splits, data)
    else:
        _settle_labels(splits, data, task)
    return splits


def _gliner_reader(data: Data) -> RowReader:
    names = data.fields
    return RowReader({"tokens": names.tokens, "text": names.text, "ner": names.ner, "relations": names.relations})


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal, read piece by piece."""
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            hashed.update(piece)
    return hashed.hexdigest()


def _paths(value: str | Sequence[str] | None, split: str, task: str) -> list[tuple[str, Path]]:
    """(name to show, file) for each file asked for."""
    listed = [value] if isinstance(value, str) else list(value or [])
    return [
        (f"{SAMPLE}:{split}", sample.path(split, task)) if name == SAMPLE else (name, Path(name)) for name in listed
    ]


def _add(
    splits: Splits,
    split: str,
    paths: Sequence[tuple[str, Path]],
    tidy: Callable[[object], Tidied],
    file_format: str,
    problems: list[Problem],
) -> None:
    rows: list[Example] = getattr(splits, split)
    places = splits.places.setdefault(split, [])
    for shown, path in paths:
        reading: Reading = scan(path, None, file_format, tidy)
        problems.extend(reading.problems)
        if reading.problems:
            continue
        rows.extend(reading.examples)
        places.extend(f"{shown}:{line}" for line in reading.lines)
        splits.dropped.update(reading.dropped)
        splits.sources.append(Source(shown, split, len(reading.examples), digest(path)))


def _divide(splits: Splits, seed: int) -> None:
    """Move a tenth of the training rows to dev, both in the file's order; fewer than ten rows stay whole."""
    count = int(len(splits.train) * DEV_SHARE)
    chosen = set(Random(f"gliexp dev split {seed}").sample(range(len(splits.train)), count))
    rows, places = splits.train, splits.places["train"]
    splits.dev = [row for index, row in enumerate(rows) if index in chosen]
    splits.train = [row for index, row in enumerate(rows) if index not in chosen]
    splits.places["dev"] = [place for index, place in enumerate(places) if index in chosen]
    splits.places["train"] = [place for index, place in enumerate(places) if index not in chosen]


def _settle_labels(splits: Splits, data: Data, task: str) -> None:
    entities = {split: _labels(rows, "ner", "ner_labels") for split, rows in _rows(splits)}
    relations = {split: _labels(rows, "relations", "rel_labels") for split, rows in _rows(splits)}
    splits.entity_labels = list(dict.fromkeys(data.entity_labels)) if data.entity_labels else sorted(entities["train"])
    splits.relation_labels = (
        list(dict.fromkeys(data.relation_labels)) if data.relation_labels else sorted(relations["train"])
    )
    problems = []
    if not splits.entity_labels:
        problems.append(Problem("data.train_data", "no row has an entity: there is no label to learn"))
    if task == "relex" and not splits.relation_labels:
        problems.append(Problem("data.train_data", "task=relex, but no row has a relation"))
    if problems:
        raise Refusal(problems)
    known, related = set(splits.entity_labels), set(splits.relation_labels)
    for split in entities:
        counts = Counter({label: count for label, count in entities[split].items() if label not in known})
        if task == "relex":
            counts.update({label: count for label, count in relations[split].items() if label not in related})
        if counts:
            splits.unknown[split] = counts


def _rows(splits: Splits) -> list[tuple[str, list[Example]]]:
    return [("train", splits.train), ("dev", splits.dev), ("test", splits.test)]


def _labels(rows: Sequence[Example], key: str, offered: str) -> Counter[str]:
    """How often each label is given in `rows`; a label that a row only offers counts too, as 0."""
    counts: Counter[str] = Counter()
    for row in rows:
        for item in row.get(key, ()):
            counts[item[2]] += 1
        for label in row.get(offered, ()):
            counts[label] += 0
    return counts
