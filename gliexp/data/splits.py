"""The data of one run: train, dev and test rows, the labels they speak of, and where each row came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from gliexp.config.schema.data import Data
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.config.sources import SAMPLE, Source
from gliexp.data import classes
from gliexp.data.asked import asked_for
from gliexp.data.doubts import KINDS, doubts
from gliexp.data.label_counts import entity_counts, relation_counts
from gliexp.data.mixing import mixed
from gliexp.data.named import first_of
from gliexp.data.reading import shortened
from gliexp.data.renaming import told, undescribed
from gliexp.data.row import Example
from gliexp.data.rows import Rows
from gliexp.data.source import Read, read_source
from gliexp.data.stored.table import Table
from gliexp.data.stratify import draw_shared
from gliexp.errors import Problem, Refusal

DEV_SHARE = 0.1


@dataclass
class Splits:
    """What a run trains and scores on.

    The rows of files are `Rows`: sequences that hold few rows in memory. `places` holds `file:line` for each row of
    each split, in the same order. `unknown` counts, by split, the labels that occur there and are not among the run's
    labels. `dropped` counts what reading left out or mended; `left_out` names by split what has a name of it; `renamed`
    are labels of the files with their new names; `notices` say all that for a reader.
    """

    train: Sequence[Example] = field(default_factory=list)
    dev: Sequence[Example] = field(default_factory=list)
    test: Sequence[Example] = field(default_factory=list)
    entity_labels: list[str] = field(default_factory=list)
    relation_labels: list[str] = field(default_factory=list)
    class_labels: list[str] = field(default_factory=list)
    sources: list[Read] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    places: dict[str, Sequence[str]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    left_out: dict[str, list[str]] = field(default_factory=lambda: {"train": [], "dev": [], "test": []})
    renamed: dict[str, str] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def set(self, split: str, rows: Rows) -> None:
        """Put the rows of one split in place."""
        setattr(self, split, rows)
        self.places[split] = rows.places


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
    splits, problems, weights = Splits(), list[Problem](), list[float]()
    rows: dict[str, Rows] = {}
    for split, value in asked.items():
        files, wrong = asked_for(value, split)
        problems += wrong
        tables = [add(splits, split, file, data, task, problems) for file in files]
        rows[split] = Rows(tables)
        if split == "train":
            weights += [file.weight for file, table in zip(files, tables, strict=True) for _ in range(len(table))]
    if data.on_loss == "error" and splits.left_out["train"]:
        problems.extend(Problem("data.on_loss", note) for note in splits.left_out["train"])
    if problems:
        raise Refusal(shortened(problems))
    if not asked["dev"]:
        rows["train"], rows["dev"], weights = _divided(rows["train"], weights, seed)
    rows["train"] = _mixed(splits, rows["train"], weights, seed)
    for split, of_split in rows.items():
        splits.set(split, of_split)
    if task in CLASSIFICATION_TASKS:
        classes.settle(splits, data)
    else:
        _settle_labels(splits, rows, data, task)
    if not is_sample:
        splits.notices += said(splits)
    labels = (*splits.entity_labels, *splits.relation_labels, *splits.class_labels)
    splits.notices += told(data.label_names or {}, splits.renamed, labels)
    splits.notices += undescribed(data.label_descriptions or {}, labels)
    if not is_sample:
        kinds = ("class",) if task in CLASSIFICATION_TASKS else KINDS
        splits.notices += doubts(rows, splits.places, kinds)
    return splits


def said(splits: Splits) -> list[str]:
    """How the files were read and what was left out or mended of them, in lines."""
    told: dict[str, list[str]] = {}
    for source in splits.sources:
        manner = f"{source.format} ({source.detail})" if source.detail else source.format
        told.setdefault(f"{source.split}: read as {manner}", []).append(source.path)
    lines = [f"{manner}: {first_of(paths)}" for manner, paths in told.items()]
    if splits.dropped:
        counts = (f"{reason} ({count})" for reason, count in splits.dropped.most_common())
        lines.append(f"left out or mended while reading: {', '.join(counts)}")
    return [*lines, *(f"{split}: {first_of(notes)}" for split, notes in splits.left_out.items() if notes)]


def add(splits: Splits, split: str, source: Source, data: Data, task: str, problems: list[Problem]) -> Table:
    """The rows of one file; what is to be said of it goes to `splits`, what is wrong with it to `problems`."""
    stored, about = read_source(source, split, data, task)
    problems += stored.reading.problems
    if not stored.reading.problems:
        splits.dropped.update(stored.reading.dropped)
        splits.left_out[split] += stored.reading.notes
        splits.sources.append(about)
        splits.notices += stored.remarks
        splits.renamed.update(stored.reading.renamed)
    return stored.table


def _divided(rows: Rows, weights: Sequence[float], seed: int) -> tuple[Rows, Rows, list[float]]:
    """The training rows without a tenth, that tenth for dev, both in the file's order; the weights of those that stay.

    Fewer than ten rows stay whole. The labels of entities and relations keep their shares.
    """
    numbers, sets = rows.labels
    held = [tuple(sorted({*one.entity, *one.relation})) for one in sets]
    chosen = draw_shared(numbers.tolist(), held, int(len(rows) * DEV_SHARE), Random(f"gliexp dev split {seed}"))
    stays = [index for index in range(len(rows)) if index not in chosen]
    return rows.select(stays), rows.select(sorted(chosen)), [weights[index] for index in stays]


def _mixed(splits: Splits, rows: Rows, weights: Sequence[float], seed: int) -> Rows:
    """The training rows repeated or thinned out by the weights of their files."""
    if all(weight == 1 for weight in weights):
        return rows
    taken = mixed(weights, seed)
    if not taken:
        raise Refusal([Problem("data.train_data", "the weights leave no row", allowed="greater weights")])
    splits.notices.append(f"train: the weights make {len(taken)} rows of {len(rows)}")
    return rows.select(taken)


def _settle_labels(splits: Splits, rows: Mapping[str, Rows], data: Data, task: str) -> None:
    entities = {split: entity_counts(of_split) for split, of_split in rows.items()}
    relations = {split: relation_counts(of_split) for split, of_split in rows.items()}
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
