"""What the first training rows are asked about in an epoch: the labels that they hold, and those sampled beside them.

The same function of (seed, epoch, row) that training batches are made by, so what is shown is what is trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gliexp.config.schema import Config
from gliexp.config.schema.run import CLASSIFICATION_TASKS
from gliexp.data.classes import ClassSampler
from gliexp.data.labels import LabelSampler
from gliexp.data.splits import Splits, load


class Offer(NamedTuple):
    """One row: where it stands, the labels that it holds, those that it is asked about in the order of the prompt."""

    place: str
    gold: list[str]
    entity: list[str]
    relation: list[str]


def offers(config: Config, splits: Splits, count: int, epoch: int = 0) -> Iterator[Offer]:
    """What the first `count` training rows are asked about in `epoch` (from 0); classes stand in `entity`.

    Rows are numbered as they are read; where long documents are cut, training numbers their chunks instead. A run from
    model.from_pretrained keeps that model's max_types and ratio.
    """
    seed = config.training.seed if config.training.data_seed is None else config.training.data_seed
    policy, ratio = config.data.label_sampling, config.model.max_neg_type_ratio
    classifies, relates = config.run.task in CLASSIFICATION_TASKS, config.run.task == "relex"
    if classifies:
        classes = ClassSampler(splits.class_labels, policy, config.model.max_num_classes, ratio)
    else:
        related = splits.relation_labels if relates else ()
        labels = LabelSampler(splits.entity_labels, related, policy, config.model.max_types, ratio)
    for index in range(min(count, len(splits.train))):
        row, place = splits.train[index], splits.places["train"][index]
        if classifies:
            asked = classes.offer(row, seed=seed, epoch=epoch, index=index)
            yield Offer(place, list(row["true"]), asked, [])
            continue
        found = labels.offer(row, seed=seed, epoch=epoch, index=index)
        held = [item[2] for key in ("ner", "relations") if relates or key == "ner" for item in row.get(key, ())]
        yield Offer(place, list(dict.fromkeys(held)), found.entity, found.relation if relates else [])


def first_offers(config: Config, count: int, epoch: int = 0) -> list[Offer]:
    """The same for the files that a config names. Raises Refusal for files that cannot be trained on."""
    splits = load(config.data, config.run.task, seed=config.run.seed)
    return list(offers(config, splits, count, epoch))
