from typing import Any

from gliexp.models import gliner
from gliexp.models.subtokens import SubTokens

from .conftest import ENTITY_TYPES, ROWS


def test_counts_are_those_of_the_library_s_own_input(values: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    processor = model.data_processor
    counter = SubTokens(processor.transformer_tokenizer)
    for row in ROWS:
        inputs = processor.tokenize_inputs([row["tokenized_text"]], [ENTITY_TYPES])
        read = int(inputs["attention_mask"].sum())
        assert counter.prompt(ENTITY_TYPES) + counter(row["tokenized_text"]) == read


def test_an_endless_tokenizer_has_no_limit(values: Any) -> None:
    tokenizer = gliner.build(values("uni_markerV0"), seed=1).data_processor.transformer_tokenizer
    assert SubTokens(tokenizer).limit == tokenizer.model_max_length
    tokenizer.model_max_length = int(1e30)
    assert SubTokens(tokenizer).limit is None
