"""Turns drawn rows into a batch with the library's own collator, on labels and random numbers of our own.

gliner draws label sets, negative spans and negative pairs from the global `random` while the loader prefetches, and
builds label pools from a `set` (gliner/data_processing/processor.py, batch_generate_class_mappings): the same seed
gives different batches under another PYTHONHASHSEED, and a resumed run is one batch off. Here the offered labels are
handed over, and whatever the library still draws comes from a state set from (seed, epoch, rows) and put back.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from gliexp.data.labels import LabelSampler
from gliexp.data.mentions import MentionSwap
from gliexp.data.row import Example
from gliexp.training.rows import DrawnRow

ROWS = "row_numbers"
"""Batch entry that names the rows (0-based, in the training split) for error messages; the trainer takes it out."""

LibraryCollator = Callable[..., dict[str, Any]]
LABEL_WEIGHTS = "label_weights"
"""Batch entry with the weight of each offered label (rows x labels); models/balance.py reads it."""

Augmenter = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def stable_seed(*parts: object) -> int:
    """A 63-bit seed that depends on the parts alone, not on the process (as `hash` would)."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with the global `random` and torch generators set from `seed`, and put their states back."""
    python_state, torch_state = random.getstate(), torch.get_rng_state()
    random.seed(seed)
    torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(python_state)
        torch.set_rng_state(torch_state)


class NoLabels(ValueError):
    """A batch that asks about nothing would train the library's empty placeholder label."""


class TrainingCollator:
    """Offers labels to each drawn row and collates them; a pure function of (seed, draws).

    `relations` says whether the model takes relation types. `augment` (relation extraction's augment_* settings)
    changes a row before labels are offered, with probability `augment_probability`; before it, `swap` exchanges
    mentions. `weights` are those of labels in the loss, for models that heed LABEL_WEIGHTS.
    """

    def __init__(
        self,
        collator: LibraryCollator,
        labels: LabelSampler,
        seed: int,
        *,
        relations: bool = False,
        augment: Augmenter | None = None,
        augment_probability: float = 0.0,
        swap: MentionSwap | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self.collator = collator
        self.labels = labels
        self.seed = seed
        self.relations = relations
        self.augment = augment
        self.augment_probability = augment_probability
        self.swap = swap
        self.weights = weights

    def __call__(self, drawn: Sequence[DrawnRow]) -> dict[str, Any]:
        epoch = drawn[0].draw.epoch
        indices = [item.draw.number for item in drawn]
        with seeded(stable_seed("collate", self.seed, epoch, *indices)):
            rows = [self._augmented(item) for item in drawn]
            offers = [
                self.labels.offer(row, seed=self.seed, epoch=item.draw.epoch, index=item.draw.number)
                for row, item in zip(rows, drawn, strict=True)
            ]
            if not any(offer.entity for offer in offers):
                raise NoLabels("no row of the batch has a label to be asked about")
            types: dict[str, Any] = {"entity_types": [offer.entity for offer in offers]}
            if self.relations:
                types["relation_types"] = [offer.relation for offer in offers]
            batch = self.collator(rows, **types)
        batch[ROWS] = indices
        if self.weights is not None:
            batch[LABEL_WEIGHTS] = _weights_of([offer.entity for offer in offers], self.weights)
        return batch

    def _augmented(self, drawn: DrawnRow) -> Example:
        row = dict(drawn.row)
        if self.swap is not None:
            row = self.swap(row, seed=self.seed, epoch=drawn.draw.epoch, index=drawn.draw.number)
        if self.augment is not None and random.random() < self.augment_probability:
            return dict(self.augment(row))
        return row


def _weights_of(offered: Sequence[Sequence[str]], weights: Mapping[str, float]) -> torch.Tensor:
    """(rows, most labels of a row); 1 for labels without a weight and where a row offers fewer labels."""
    longest = max(1, *(len(labels) for labels in offered))
    rows = [[weights.get(label, 1.0) for label in labels] + [1.0] * (longest - len(labels)) for labels in offered]
    return torch.tensor(rows)
