"""How many sub-tokens the words of a row and the labels of a prompt take, without building a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from gliexp.models.backbone import locate

UNLIMITED = 10**9
"""transformers gives a tokenizer without a limit a model_max_length of 10**30."""


class SubTokens:
    """Counts with one tokenizer. Each word is tokenised once: gliner hands words over one by one, so none depends on
    its neighbours (is_split_into_words, gliner/data_processing/processor.py:308).
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._costs: dict[str, int] = {}

    @classmethod
    def of(cls, name: str, source: str, revision: str | None = None) -> SubTokens:
        """The counter of a backbone; see models.backbone.locate for names and sources."""
        from transformers import AutoTokenizer

        return cls(AutoTokenizer.from_pretrained(locate(name, source), revision=revision))

    @property
    def limit(self) -> int | None:
        """The most sub-tokens of a row, prompt and special tokens included; None for a tokenizer without an end."""
        limit = int(self._tokenizer.model_max_length)
        return limit if limit < UNLIMITED else None

    def __call__(self, words: Sequence[str]) -> int:
        """Sub-tokens of the words alone."""
        return sum(self.costs(words))

    def costs(self, words: Sequence[str]) -> list[int]:
        """Sub-tokens of each word."""
        new = [word for word in words if word not in self._costs]
        if new:
            self._learn(list(dict.fromkeys(new)))
        return [self._costs[word] for word in words]

    @property
    def own(self) -> int:
        """The tokenizer's own special tokens around a row."""
        return int(self._tokenizer.num_special_tokens_to_add())

    def prompt(self, labels: Sequence[str]) -> int:
        """Sub-tokens before the text when all these labels are offered: a marker and the label each, and a separator
        (processor.py:194), beside the tokenizer's own special tokens.
        """
        return len(labels) + self(labels) + 1 + self.own

    def _learn(self, words: list[str]) -> None:
        encoded = self._tokenizer(
            words, is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
        )
        counted = Counter(encoded.word_ids())
        self._costs.update((word, counted[place]) for place, word in enumerate(words))
