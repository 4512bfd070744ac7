from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from gliexp.models import architecture, gliner
from gliexp.models.positions import learned_positions, limit_tokenizers
from gliexp.models.predict import predict

from .conftest import ENTITY_TYPES

SIZE = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 40,
}


def test_tables_of_positions_are_found() -> None:
    assert learned_positions(BertModel(BertConfig(**SIZE))) == 40
    assert learned_positions(RobertaModel(RobertaConfig(**SIZE, pad_token_id=1))) == 38


@pytest.mark.parametrize("name", ["uni_markerV0", "decoder_span", "streaming"])
def test_a_tokenizer_without_limit_takes_the_encoders(name: str, values: Any, tmp_path: Path) -> None:
    model: Any = gliner.build(values(name), seed=1)
    tokenizer = model.data_processor.transformer_tokenizer
    right, tokenizer.model_max_length = tokenizer.model_max_length, int(1e30)
    row = {"tokenized_text": ["alice"] * 380, "ner": []}
    options: dict[str, Any] = {"threshold": 0.5, "flat_ner": True, "batch_size": 1}
    if name != "streaming":  # which has room for all of it
        with pytest.raises((IndexError, RuntimeError)):
            predict(model, [row], ENTITY_TYPES, **options)
    limit_tokenizers(model)
    assert tokenizer.model_max_length == right
    predict(model, [row], ENTITY_TYPES, **options)
    again: Any = gliner.load(gliner.save(model, tmp_path / "model"))
    assert again.data_processor.transformer_tokenizer.model_max_length == right


def test_a_lower_limit_and_encoders_without_a_table_stay_as_they_are(values: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    model.data_processor.transformer_tokenizer.model_max_length = 50
    limit_tokenizers(model)
    assert model.data_processor.transformer_tokenizer.model_max_length == 50
    assert learned_positions(architecture.text_encoder(gliner.build(values("uni_t5"), seed=1))) is None
    modern: Any = gliner.build(values("uni_modernbert"), seed=1)
    modern.data_processor.transformer_tokenizer.model_max_length = int(1e30)
    limit_tokenizers(modern)
    assert modern.data_processor.transformer_tokenizer.model_max_length == int(1e30)
