"""The library's batches without its loops: words are tokenised once, labels and masks are written as arrays.

gliner's collator goes through every cell of the words x max_width grid twice and through every sub-token of every row
in Python, and tokenises all rows anew at each step (gliner/data_processing/processor.py, utils.py:171). What comes out
here is the same, tensor by tensor. Processors take these methods as they take cures (models/upstream/cured.py), but for
training alone; a variant or tokenizer that is not known here keeps the library's way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedTokenizerFast

from gliexp.models import architecture
from gliexp.models import gliner as models
from gliexp.models.upstream.cured import cured

Ints = npt.NDArray[np.int64]

SPANS = (architecture.UNI_SPAN, architecture.BI_SPAN, architecture.RELEX_SPAN, architecture.STREAMING)
PROMPTS = (architecture.UNI_SPAN, architecture.UNI_TOKEN, architecture.RELEX_SPAN, architecture.RELEX_TOKEN)
"""Variants whose text is read after a prompt, by the tokenizer's own call (gliner/data_processing/processor.py:288)."""

KEPT = 500_000
"""Words whose sub-tokens are kept."""


def quicken(collator: models.TrainingCollator, model: Any) -> models.TrainingCollator:
    """The collator with the quick methods that its model's variant and tokenizer allow."""
    variant, processor = architecture.variant(model), model.data_processor
    mixins: list[type] = [SpanLabels] if variant in SPANS else []
    words = Words.of(processor.transformer_tokenizer) if variant in PROMPTS else None
    if words is not None and "tokenize_inputs" not in vars(processor):
        mixins.append(KnownWords)
    if mixins:
        quick = cured(processor, *mixins)
        quick.__dict__ = {**processor.__dict__, "_words": words}  # the model's own stays as it is
        collator.collator.data_processor = quick
    return collator


class SpanLabels:
    """Labels of the words x max_width grid, each entity written into its cell."""

    config: Any

    def prepare_span_labels(self, ner: Any, classes_to_id: Mapping[str, int], num_tokens: int, spans_idx: Any) -> Any:
        """For each cell the number of its label, the last one named; 0 without, -1 beyond the text.

        The same as gliner/data_processing/processor.py:522.
        """
        width = self.config.max_width
        found = np.zeros(len(spans_idx), np.int64)
        for start, end, label in ner or ():
            if label in classes_to_id and 0 <= end - start < width and 0 <= start < num_tokens:
                found[start * width + end - start] = classes_to_id[label]
        found[_ends(num_tokens, width) >= num_tokens] = -1
        return torch.from_numpy(found), spans_idx

    def create_labels(self, batch: Mapping[str, Any]) -> torch.Tensor:
        """1 at (row, cell, label) of every entity in the grid whose label is offered (B, cells, labels).

        The same as gliner/data_processing/processor.py:601.
        """
        width = self.config.max_width
        lengths = [len(tokens) for tokens in batch["tokens"]]
        named = batch["classes_to_id"]
        places = [
            (row, start * width + end - start, named[row][label] - 1)
            for row, entities in enumerate(batch["entities"])
            for start, end, label in entities
            if label in named[row] and 0 <= start <= end < lengths[row] and end - start < width
        ]
        labels = torch.zeros(len(lengths), max(lengths) * width, max(len(names) for names in named))
        if places:
            labels[tuple(torch.tensor(places).T)] = 1.0
        return labels


def _ends(words: int, width: int) -> Ints:
    ends: Ints = (np.arange(words)[:, None] + np.arange(width)).ravel()
    return ends


class KnownWords:
    """Inputs put together from the sub-tokens of their words."""

    config: Any
    _words: Words

    def tokenize_inputs(self, texts: Any, entities: Any, blank: Any = None, **options: Any) -> dict[str, torch.Tensor]:
        """input_ids, attention_mask, words_mask, and what else the tokenizer gives, each (B, longest row).

        The same as gliner/data_processing/processor.py:288, and :2245 with relations.
        """
        rows, prompts = self.prepare_inputs(texts, entities, blank=blank, **options)  # type: ignore[attr-defined]
        return self._words.batch(rows, prompts, self.config.subtoken_pooling)


class Words:
    """Sub-tokens of words by one tokenizer, which are looked at once.

    Words that come split are encoded one by one, whatever stands beside them. `before` and `after` are what the
    tokenizer puts around a row; `zeros` are further tensors that it gives, of zeros alone.
    """

    def __init__(self, tokenizer: Any, before: Sequence[int], after: Sequence[int], zeros: Sequence[str]) -> None:
        self._tokenizer = tokenizer
        self._before, self._after, self._zeros = list(before), list(after), list(zeros)
        self._limit = int(tokenizer.model_max_length)
        self._known: dict[str, list[int]] = {}

    @classmethod
    def of(cls, tokenizer: Any) -> Words | None:
        """None for a tokenizer whose rows are not simply their words' sub-tokens between others, padded behind."""
        if not isinstance(tokenizer, PreTrainedTokenizerFast):
            return None
        if (tokenizer.padding_side, tokenizer.truncation_side) != ("right", "right") or tokenizer.pad_token_id is None:
            return None
        around = tokenizer([["a"]], is_split_into_words=True)
        ids, places = around["input_ids"][0], around.word_ids(0)
        own = [number for number, place in enumerate(places) if place is not None]
        zeros = [name for name in around if name not in ("input_ids", "attention_mask")]
        if not own or zeros not in ([], ["token_type_ids"]) or any(map(any, (around[name][0] for name in zeros))):
            return None
        return cls(tokenizer, ids[: own[0]], ids[own[-1] + 1 :], zeros)

    def batch(self, rows: Sequence[Sequence[str]], prompts: Sequence[int], pooling: str) -> dict[str, torch.Tensor]:
        """Tensors of rows of words, of which the first `prompts` are no text."""
        self._learn(rows)
        room = self._limit - len(self._before) - len(self._after)
        pieces = [[self._known[word] for word in row] for row in rows]
        ids = [[*self._before, *list(chain.from_iterable(piece))[:room], *self._after] for piece in pieces]
        longest = max(map(len, ids))
        input_ids = np.full((len(rows), longest), self._tokenizer.pad_token_id, np.int64)
        mask, words = np.zeros_like(input_ids), np.zeros_like(input_ids)
        for number, (row, piece, prompt) in enumerate(zip(ids, pieces, prompts, strict=True)):
            input_ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
            numbers = _numbered([len(word) for word in piece], len(row) - len(self._before) - len(self._after), pooling)
            text = np.maximum(numbers - prompt, 0)
            words[number, len(self._before) : len(self._before) + len(text)] = text
        made = {"input_ids": input_ids, "attention_mask": mask, "words_mask": words}
        made |= {name: np.zeros_like(input_ids) for name in self._zeros}
        return {name: torch.from_numpy(value) for name, value in made.items()}

    def _learn(self, rows: Sequence[Sequence[str]]) -> None:
        if len(self._known) > KEPT:
            self._known.clear()
        fresh = [word for word in dict.fromkeys(chain.from_iterable(rows)) if word not in self._known]
        if not fresh:
            return
        encoded = self._tokenizer(
            fresh, is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
        )
        self._known |= {word: [] for word in fresh}
        for token, place in zip(encoded["input_ids"], encoded.word_ids(), strict=True):
            self._known[fresh[place]].append(token)


def _numbered(sizes: Sequence[int], read: int, pooling: str) -> Ints:
    """For each of the first `read` sub-tokens the number of its word, from 1, or 0 where pooling does not take it.

    Words without a sub-token are not counted, as in gliner/data_processing/utils.py:171; `sizes` are the words'.
    """
    seen = np.asarray([size for size in sizes if size], np.int64)
    numbers = np.repeat(np.arange(1, len(seen) + 1), seen)[:read]
    if pooling in ("mean", "max"):
        return numbers
    change = np.flatnonzero(np.diff(numbers))
    taken = np.zeros(len(numbers), bool)
    if len(numbers):
        taken[np.concatenate([[0], change + 1]) if pooling == "first" else np.append(change, len(numbers) - 1)] = True
    return np.where(taken, numbers, 0)
