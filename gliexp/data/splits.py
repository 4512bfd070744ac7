"""The data of one run: train, dev and test rows, the labels they speak of, and where each row came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from gliexp.config.schema.data import Data
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.config.sources import SAMPLE, Source
from gliexp.data import classes, sample
from gliexp.data.asked import asked_for
from gliexp.data.doubts import doubts
from gliexp.data.fingerprint import of_source
from gliexp.data.manner import layout, names
from gliexp.data.mixing import mixed
from gliexp.data.reading import RowChecker, scan, shortened
from gliexp.data.row import Example
from gliexp.data.stratify import draw
from gliexp.errors import Problem, Refusal

DEV_SHARE = 0.1


@dataclass(frozen=True)
class Read:
    """One file that was read: its path ("sample:train" for embedded data), its split, its rows and its contents' hash.

    `format` and `detail` say how it was read.
    """

    path: str
    split: str
    rows: int
    sha256: str
    format: str = ""
    detail: str = ""


@dataclass
class Splits:
    """What a run trains and scores on.

    `places` holds `file:line` for each row of each split, in the same order. `unknown` counts, by split, the labels
    that occur there and are not among the run's labels. `dropped` counts what reading left out or
    mended; `left_out` names by split what has a name of it; `notices` say all that for a reader.
    """

    train: list[Example] = field(default_factory=list)
    dev: list[Example] = field(default_factory=list)
    test: list[Example] = field(default_factory=list)
    entity_labels: list[str] = field(default_factory=list)
    relation_labels: list[str] = field(default_factory=list)
    class_labels: list[str] = field(default_factory=list)
    sources: list[Read] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=lambda: {"train": [], "dev": [], "test": []})
    notices: list[str] = field(default_factory=list)


def load(data: Data, task: str, *, seed: int = 0) -> Splits:
    """Read the files of the `data` section and settle the label sets.

    Without val_data a tenth of the training rows, drawn by `seed` and stratified by label, becomes dev; without
    test_data there is no test; the sample brings its own three. Weights of files count after that, so that no row is
    both in train and in dev. Fixed label sets come from the config, else from the training rows (sorted).
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
    own_reader = classes.reader(data) if task in CLASSIFICATION_TASKS else None
    splits, problems, weights = Splits(), list[Problem](), list[float]()
    for split, value in asked.items():
        found, wrong = asked_for(value, split)
        problems.extend(wrong)
        for file in found:
            before = len(splits.train)
            _add(splits, split, file, data, task, own_reader, problems)
            weights += [file.weight] * (len(splits.train) - before)
    if data.on_loss == "error" and splits.left_out["train"]:
        problems.extend(Problem("data.on_loss", note) for note in splits.left_out["train"])
    if problems:
        raise Refusal(shortened(problems))
    if not asked["dev"]:
        weights = _divide(splits, weights, seed)
    _mix(splits, weights, seed)
    if own_reader is not None:
        classes.settle(splits, data)
    else:
        _settle_labels(splits, data, task)
    if not is_sample:
        splits.notices += said(splits)
    if not is_sample and own_reader is None:
        rows = {"train": splits.train, "dev": splits.dev, "test": splits.test}
        splits.notices += doubts(rows, splits.places)
    return splits


def said(splits: Splits) -> list[str]:
    """How the files were read and what was left out or mended of them, in lines."""
    told: dict[str, list[str]] = {}
    for source in splits.sources:
        manner = f"{source.format} ({source.detail})" if source.detail else source.format
        told.setdefault(f"{source.split}: read as {manner}", []).append(source.path)
    lines = [f"{manner}: {_some(paths)}" for manner, paths in told.items()]
    if splits.dropped:
        counts = (f"{reason} ({count})" for reason, count in splits.dropped.most_common())
        lines.append(f"left out or mended while reading: {', '.join(counts)}")
    return [*lines, *(f"{split}: {_some(notes)}" for split, notes in splits.left_out.items() if notes)]


def _some(items: Sequence[str], shown: int = 3) -> str:
    rest = len(items) - shown
    return ", ".join(items[:shown]) + (f" and {rest} more" if rest > 0 else "")


def _add(
    splits: Splits,
    split: str,
    source: Source,
    data: Data,
    task: str,
    own_reader: RowChecker | None,
    problems: list[Problem],
) -> None:
    """Read one file into its split."""
    is_sample = source.path == SAMPLE
    path = str(sample.path(split, task)) if is_sample else source.path
    shown = f"{SAMPLE}:{split}" if is_sample else source.path
    if is_sample:
        reading = scan(path, own_reader=own_reader)
    else:
        reading = scan(path, names(data), data.format, layout(data, split, source), data.tag_names, own_reader)
    problems.extend(reading.problems)
    if reading.problems:
        return
    getattr(splits, split).extend(reading.examples)
    reading.path = shown
    splits.places.setdefault(split, []).extend(map(reading.place, range(len(reading.examples))))
    splits.dropped.update(reading.dropped)
    splits.left_out[split] += reading.notes
    found = Read(shown, split, len(reading.examples), of_source(source, split, task), reading.format, reading.detail)
    splits.sources.append(found)


def _divide(splits: Splits, weights: Sequence[float], seed: int) -> list[float]:
    """Move a tenth of the training rows to dev, both in the file's order; return the weights of those that stay.

    Fewer than ten rows stay whole. The labels of entities and relations keep their shares.
    """
    rows, places = splits.train, splits.places["train"]
    labels = [{item[2] for key in ("ner", "relations") for item in row.get(key, ())} for row in rows]
    chosen = draw(labels, int(len(rows) * DEV_SHARE), Random(f"gliexp dev split {seed}"))
    stays = [index for index in range(len(rows)) if index not in chosen]
    splits.dev, splits.places["dev"] = [rows[index] for index in sorted(chosen)], [places[i] for i in sorted(chosen)]
    splits.train, splits.places["train"] = [rows[index] for index in stays], [places[index] for index in stays]
    return [weights[index] for index in stays]


def _mix(splits: Splits, weights: Sequence[float], seed: int) -> None:
    """Repeat or thin out training rows by the weights of their files."""
    if all(weight == 1 for weight in weights):
        return
    rows, places, taken = splits.train, splits.places["train"], mixed(weights, seed)
    if not taken:
        raise Refusal([Problem("data.train_data", "the weights leave no row", allowed="greater weights")])
    splits.train, splits.places["train"] = [rows[index] for index in taken], [places[index] for index in taken]
    splits.notices.append(f"train: the weights make {len(taken)} rows of {len(rows)}")


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
