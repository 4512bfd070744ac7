"""How much text a model reads beside its labels, in sub-tokens: its tokenizers cut off the rest without a word.

The library joins the offered labels and the words of a row and lets the tokenizer truncate at its model_max_length
(gliner/data_processing/processor.py, tokenize_inputs). Words behind that are vectors of zeros, with labels on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from gliexp.data.labels import Offered
from gliexp.data.rows import Rows
from gliexp.data.windows import Budget
from gliexp.models import architecture

UNLIMITED = 10**9
"""transformers gives a tokenizer without a limit a model_max_length of 10**30."""


KEPT = 500_000
"""Words whose costs are kept in memory at once."""

PROMPTS = 10_000
"""Sets of labels whose costs are."""

Ask = Callable[[Mapping[str, Any]], Offered]
"""The labels that a row is asked about: in training the most that it may be, else the whole set."""


class _Reader:
    """A tokenizer that reads the row's words, the most sub-tokens it takes, and how many of these are its own."""

    def __init__(self, tokenizer: Any, own: int, *, spaced: bool = False) -> None:
        self.limit = int(tokenizer.model_max_length)
        self.own = own
        self._tokenizer = tokenizer
        self._spaced = spaced
        self._known: dict[str, int] = {}

    def costs(self, words: Sequence[str]) -> list[int]:
        """Sub-tokens of each word; 1 for a word that the tokenizer does not see, for which the unknown token stands.

        Words that come split are encoded one by one, whatever stands beside them, so each is looked at once.
        """
        fresh = [word for word in dict.fromkeys(words) if word not in self._known]
        if fresh:
            if len(self._known) > KEPT:
                self._known.clear()
                fresh = list(dict.fromkeys(words))
            asked = [f" {word}" if self._spaced else word for word in fresh]
            encoded = self._tokenizer(
                asked, is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
            )
            counted = Counter(encoded.word_ids())
            self._known.update((word, max(1, counted[place])) for place, word in enumerate(fresh))
        return [self._known[word] for word in words]


class Room:
    """What fits into the rows of one model. Models without a limit have room for everything."""

    def __init__(self, model: Any) -> None:
        self._processor = model.data_processor
        self._has_prompt = not architecture.has_labels_encoder(model)
        self._readers = [reader for reader in _readers(model) if reader.limit < UNLIMITED]
        self._prompts: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}

    @property
    def limit(self) -> int | None:
        """The most sub-tokens of a row, prompt included, or None."""
        return min((reader.limit for reader in self._readers), default=None)

    def prompt(self, offered: Offered) -> int:
        """Sub-tokens that these labels and the tokenizer's own take (of the tokenizer that leaves the least)."""
        return max(self._costs_of(offered), default=0)

    def left(self, offered: Offered) -> int | None:
        """Sub-tokens that are left for the text beside these labels; not positive if there is no room. None: no end."""
        rooms = zip(self._readers, self._costs_of(offered), strict=True)
        return min((reader.limit - cost for reader, cost in rooms), default=None)

    def budgets(self, words: Sequence[str], offered: Offered) -> list[Budget]:
        """What each word costs beside these labels, and how much there is, for each tokenizer."""
        return [
            Budget(reader.costs(words), max(0, reader.limit - cost))
            for reader, cost in zip(self._readers, self._costs_of(offered), strict=True)
        ]

    def seen(self, words: Sequence[str], offered: Offered) -> int:
        """How many of the words, from the first, the model reads whole beside these labels."""
        return min((_affordable(budget) for budget in self.budgets(words, offered)), default=len(words))

    def whole(self, rows: Rows, ask: Ask) -> npt.NDArray[np.bool_]:
        """For each row whether all of its words are read beside the labels that it is asked about."""
        fits = np.ones(len(rows), bool)
        if not self._readers or not len(rows):
            return fits
        numbers, sets = rows.labels
        left = np.zeros((len(self._readers), len(sets)), np.int64)
        for number in np.unique(numbers).tolist():
            costs = self._costs_of(ask(sets[number].example()))
            left[:, number] = [max(0, reader.limit - cost) for reader, cost in zip(self._readers, costs, strict=True)]
        bounds = rows.word_bounds()
        for reader, room in zip(self._readers, left, strict=True):
            close = np.flatnonzero(bounds > room[numbers])  # for the others no word has to be looked at
            fits[close] &= rows.select(close).word_sums(reader.costs) <= room[numbers[close]]
        return fits

    def _costs_of(self, offered: Offered) -> list[int]:
        key = (tuple(offered.entity), tuple(offered.relation))
        if key not in self._prompts:
            if len(self._prompts) >= PROMPTS:
                self._prompts.clear()
            words = self._prompt_words(offered) if self._has_prompt else []
            self._prompts[key] = [reader.own + sum(reader.costs(words)) for reader in self._readers]
        return self._prompts[key]

    def _prompt_words(self, offered: Offered) -> list[str]:
        rows, _ = self._processor.prepare_inputs([[]], [list(offered.entity)], relations=[list(offered.relation)])
        words: list[str] = rows[0]
        return words


def _affordable(budget: Budget) -> int:
    if sum(budget.costs) <= budget.room:
        return len(budget.costs)
    spent = 0
    for place, cost in enumerate(budget.costs):
        spent += cost
        if spent > budget.room:
            return place
    return len(budget.costs)


def _readers(model: Any) -> list[_Reader]:
    processor = model.data_processor
    text = processor.transformer_tokenizer
    # the streaming processor adds no special tokens (gliner/data_processing/processor.py:700)
    own = 0 if architecture.variant(model) == architecture.STREAMING else text.num_special_tokens_to_add()
    readers = [_Reader(text, own)]
    if architecture.has_decoder(model) and getattr(model.config, "full_decoder_context", False):
        # a label decoder that is shown the words of a span reads the row a second time (processor.py:1300)
        second = processor.decoder_tokenizer
        readers.append(_Reader(second, second.num_special_tokens_to_add(), spaced=True))
    return readers
