"""Rows and labels to the tensors that each GLiClass architecture reads, with what did not fit counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gliexp.config.schema.classifier import BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.models import class_prompts as prompts

Row = Mapping[str, Any]
Ids = list[int]

LEAST_ROOM = 4
"""Tokens of text that must fit beside the labels; with fewer the row says nothing."""


KEPT = 100_000
"""Labels whose ids are kept, since the same ones come with every row."""


class LabelsTooLong(ValueError):
    """The labels of a row leave no room for its text."""


@dataclass(frozen=True)
class Read:
    """One row's token ids, its labels' ids where they are read apart (one list, or one a label), and tokens cut off."""

    ids: Ids
    labels: list[Ids]
    cut: int


@dataclass
class ClassInputs:
    """Reads rows for one model. `max_length` is in tokens; `labels_tokenizer` is the bi-encoders'.

    `labels_at_once` is how many labels one question may hold, for whoever asks in parts (classify.parts).
    """

    architecture: str
    tokenizer: Any
    labels_tokenizer: Any
    prompt_first: bool
    max_length: int
    labels_at_once: int | None = None
    _known: dict[str, Ids] = field(default_factory=dict, init=False, repr=False, compare=False)

    def read(self, row: Row, labels: Sequence[str]) -> Read:
        """One row with its labels. The text gives way where both do not fit, and never the labels.

        Raises LabelsTooLong where the labels alone fill max_length.
        """
        if self.architecture == UNI:
            ids, cut = self._fitted(row, lambda text: prompts.uni(row, labels, text, self.prompt_first))
            return Read(ids, [], cut)
        if self.architecture == FUSED:
            ids, cut = self._fitted(row, lambda text: prompts.fused(row, labels, text, self.prompt_first))
            return Read(ids, self._labels(labels), cut)
        if self.architecture == BI:
            ids, cut = self._fitted(row, lambda text: prompts.apart(row, text))
            return Read(ids, self._labels(labels), cut)
        if self.architecture in (SEQ2SEQ, SEQ2SEQ_CLS):
            ids, cut = self._fitted(row, lambda text: prompts.text_with_examples(row, text))
            return Read(ids, [self._whole(prompts.labels_first(row, labels))], cut)
        return self._causal(row, labels)

    def batch(self, rows: Sequence[Row], labels: Sequence[Sequence[str]]) -> dict[str, Any]:
        """Tensors of several rows, padded on the right: ids, masks (B, L), label ids (B, C, L), labels_mask (B, C)."""
        read = [self.read(row, asked) for row, asked in zip(rows, labels, strict=True)]
        batch: dict[str, Any] = {}
        batch["input_ids"], batch["attention_mask"] = _padded(
            [item.ids for item in read], self._padding(self.tokenizer)
        )
        if self.architecture in (SEQ2SEQ, SEQ2SEQ_CLS):
            ids, mask = _padded([item.labels[0] for item in read], self._padding(self.tokenizer))
            batch |= {"class_input_ids": ids, "class_attention_mask": mask}
        elif self.architecture in (BI, FUSED):
            batch |= _label_tensors([item.labels for item in read], self._padding(self.labels_tokenizer))
        elif self.architecture == UNI:
            batch["max_num_classes"] = max(len(asked) for asked in labels)
        return batch

    def _fitted(self, row: Row, build: Any) -> tuple[Ids, int]:
        """Ids of the built string with as much of the text as fits, and how many of the text's tokens did not."""
        ids: Ids = self.tokenizer(build(row["text"]))["input_ids"]
        if len(ids) <= self.max_length:
            return ids, 0
        offsets = self.tokenizer(row["text"], add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        keep = len(offsets) - (len(ids) - self.max_length)
        while keep >= LEAST_ROOM:
            ids = self.tokenizer(build(row["text"][: offsets[keep - 1][1]]))["input_ids"]
            if len(ids) <= self.max_length:
                return ids, len(offsets) - keep
            keep -= max(1, len(ids) - self.max_length)
        raise LabelsTooLong(f"labels, prompt and examples leave no room for the text in {self.max_length} tokens")

    def _whole(self, text: str) -> Ids:
        ids: Ids = self.tokenizer(text)["input_ids"]
        if len(ids) > self.max_length:
            raise LabelsTooLong(f"the labels take {len(ids)} tokens, more than {self.max_length}")
        return ids

    def _labels(self, labels: Sequence[str]) -> list[Ids]:
        if len(self._known) > KEPT:
            self._known.clear()
        fresh = [label for label in dict.fromkeys(labels) if label not in self._known]
        if fresh:
            self._known |= zip(fresh, self.labels_tokenizer(fresh)["input_ids"], strict=True)
        read = [self._known[label] for label in labels]
        longest = max(len(ids) for ids in read)
        if longest > self.max_length:
            raise LabelsTooLong(f"a label takes {longest} tokens, more than {self.max_length}")
        return read

    def _causal(self, row: Row, labels: Sequence[str]) -> Read:
        asked: Ids = self.tokenizer(prompts.causal_labels(labels), add_special_tokens=False)["input_ids"]
        room = self.max_length - len(asked)
        if room < LEAST_ROOM:
            raise LabelsTooLong(f"the labels take {len(asked)} of {self.max_length} tokens")
        context: Ids = self.tokenizer(prompts.causal_context(row, row["text"]), add_special_tokens=False)["input_ids"]
        return Read(context[:room] + asked, [], max(0, len(context) - room))

    @staticmethod
    def _padding(tokenizer: Any) -> int:
        if tokenizer.pad_token_id is not None:
            return int(tokenizer.pad_token_id)
        return int(tokenizer.eos_token_id or 0)


def _padded(rows: Sequence[Ids], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(ids) for ids in rows)
    ids = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def _label_tensors(rows: Sequence[list[Ids]], padding: int) -> dict[str, torch.Tensor]:
    slots, longest = max(len(row) for row in rows), max(len(ids) for row in rows for ids in row)
    ids = np.full((len(rows), slots, longest), padding, np.int64)
    mask, real = np.zeros_like(ids), np.zeros(ids.shape[:2], np.int64)
    for number, row in enumerate(rows):
        real[number, : len(row)] = 1
        for slot, label in enumerate(row):
            ids[number, slot, : len(label)] = label
            mask[number, slot, : len(label)] = 1
    made = {"class_input_ids": ids, "class_attention_mask": mask, "labels_mask": real}
    return {name: torch.from_numpy(value) for name, value in made.items()}
