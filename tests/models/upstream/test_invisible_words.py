from __future__ import annotations

from typing import Any

import pytest
from gliner.data_processing.utils import prepare_word_mask
from tokenizers import normalizers

from gliexp.models import gliner
from gliexp.models.predict import outputs
from gliexp.models.upstream.invisible_words import VisibleWords
from models.conftest import ENTITY_TYPES

WORDS = ["alice", "\xad", "works", "\u200b\ufeff", "at", "é", "\u0301", "acme", "…"]


@pytest.fixture
def model(values: Any) -> Any:
    built: Any = gliner.build(values("uni_markerV0"), seed=1)
    # as BERT's: control characters go, and accents
    built.data_processor.transformer_tokenizer.backend_tokenizer.normalizer = normalizers.BertNormalizer()
    return built


def test_the_library_numbers_words_by_those_it_meets(model: Any) -> None:
    tokenizer = model.data_processor.transformer_tokenizer
    encoded = tokenizer([WORDS], is_split_into_words=True)
    (mask,) = prepare_word_mask([WORDS], encoded)
    if max(mask) == len(WORDS):
        pytest.fail("mended upstream: remove VisibleWords")
    assert max(mask) == len(WORDS) - 3


def test_the_unknown_token_stands_for_what_is_not_seen(model: Any) -> None:
    visible = VisibleWords(model.data_processor.transformer_tokenizer)
    assert visible(WORDS) == ["alice", "[UNK]", "works", "[UNK]", "at", "é", "[UNK]", "acme", "…"]
    assert visible([]) == []


def test_words_keep_their_numbers_in_training_and_in_prediction(model: Any) -> None:
    row = {"tokenized_text": WORDS, "ner": [[7, 7, "organization"]]}
    trained = gliner.training_collator(model)([row], entity_types=[ENTITY_TYPES])
    assert int(trained["words_mask"].max()) == len(WORDS)
    (output,) = outputs(model, [row], ENTITY_TYPES, threshold=0.5, batch_size=1)
    assert int(output.batch["words_mask"].max()) == len(WORDS)
    assert row["tokenized_text"] is WORDS
