"""How much text a model reads beside its labels, in sub-tokens: its tokenizers cut off the rest without a word.

The library joins the offered labels and the words of a row and lets the tokenizer truncate at its model_max_length
(gliner/data_processing/processor.py, tokenize_inputs). Words behind that are vectors of zeros, with labels on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gliexp.data.labels import Offered
from gliexp.data.windows import Budget
from gliexp.models import architecture

UNLIMITED = 10**9
"""transformers gives a tokenizer without a limit a model_max_length of 10**30."""


@dataclass(frozen=True)
class _Reader:
    """A tokenizer that reads the row's words, the most sub-tokens it takes, and how many of these are its own."""

    tokenizer: Any
    limit: int
    own: int
    spaced: bool = False

    def costs(self, words: Sequence[str]) -> list[int]:
        """Sub-tokens of each word; 1 for a word that the tokenizer does not see, for which the unknown token stands."""
        if not words:
            return []
        asked = [f" {word}" if self.spaced else word for word in words]
        encoded = self.tokenizer(
            asked, is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
        )
        counted = Counter(encoded.word_ids())
        return [max(1, counted[place]) for place in range(len(words))]


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
        left = self.left(offered)
        if left is None or _at_most(words) <= left:
            return len(words)
        return min(_affordable(budget) for budget in self.budgets(words, offered))

    def _costs_of(self, offered: Offered) -> list[int]:
        key = (tuple(offered.entity), tuple(offered.relation))
        if key not in self._prompts:
            words = self._prompt_words(offered) if self._has_prompt else []
            self._prompts[key] = [reader.own + sum(reader.costs(words)) for reader in self._readers]
        return self._prompts[key]

    def _prompt_words(self, offered: Offered) -> list[str]:
        rows, _ = self._processor.prepare_inputs([[]], [list(offered.entity)], relations=[list(offered.relation)])
        words: list[str] = rows[0]
        return words


def _at_most(words: Sequence[str]) -> float:
    """A bound on the sub-tokens of plain words, so that short rows need no tokenizer: one a letter, two a space."""
    text = "".join(words)
    return len(text) + 2 * len(words) if text.isascii() else float("inf")


def _affordable(budget: Budget) -> int:
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
    readers = [_Reader(text, int(text.model_max_length), own)]
    if architecture.has_decoder(model) and getattr(model.config, "full_decoder_context", False):
        # a label decoder that is shown the words of a span reads the row a second time (processor.py:1300)
        second = processor.decoder_tokenizer
        readers.append(_Reader(second, int(second.model_max_length), second.num_special_tokens_to_add(), spaced=True))
    return readers
