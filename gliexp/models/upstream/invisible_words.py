"""Words of which the tokenizer sees nothing: they would move every later word of the row by one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class VisibleWords:
    """Gives words back with the unknown token in place of those without a sub-token.

    gliner/data_processing/utils.py:171 numbers the words of a row by counting those that it meets among the sub-tokens.
    A soft hyphen, a zero-width space or a stray accent, of which BERT's normalizer leaves nothing, is not met, and all
    labels behind it fall on the word before their own, in training and in prediction. The words are changed before the
    library sees them, and not its numbering: that is what the stock library will do with the saved model.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, bool] = {}
        self._stand_in = tokenizer.unk_token or "?"

    def __call__(self, words: Iterable[str]) -> list[str]:
        """The words, as many as there were."""
        return [word if self._is_visible(word) else self._stand_in for word in words]

    def _is_visible(self, word: str) -> bool:
        if any(letter.isalnum() or "!" <= letter <= "~" for letter in word):
            return True  # nearly every word, and no tokenizer drops these
        if word not in self._known:
            encoded = self._tokenizer([word], is_split_into_words=True, add_special_tokens=False)
            self._known[word] = bool(encoded["input_ids"])
        return self._known[word]
