from __future__ import annotations

from gliner.data_processing.tokenizer import WordsSplitter
from hypothesis import given
from hypothesis import strategies as st

from gliexp.data import words

library = WordsSplitter("whitespace")


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(" -_.,ºçã\u0301\u200b\n"))))
def test_words_are_the_librarys(text: str) -> None:
    assert [tuple(word) for word in words.split(text)] == list(library(text))


@given(st.text(alphabet="ab -_.", max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_covering_finds_every_word_that_the_characters_touch(text: str, start: int, end: int) -> None:
    found = words.split(text)
    touched = [i for i, word in enumerate(found) if start < end and word.start < end and word.end > start]
    expected = (touched[0], touched[-1]) if touched else None
    assert words.covering(found, start, end) == expected
