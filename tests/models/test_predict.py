from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from gliexp.models import gliner
from gliexp.models.predict import Prediction, outputs, predict

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn


@pytest.fixture(scope="module")
def trained(values: Any, collated: Any) -> Any:
    model: Any = gliner.build(values("relex_span_dot"), seed=1)
    learn(model, collated(model), steps=60)
    return model


def _predict(model: Any, rows: list[dict[str, Any]], batch_size: int = 2, **changes: Any) -> list[Prediction]:
    options = {"threshold": 0.3, "flat_ner": True, **changes}
    return predict(model, rows, ENTITY_TYPES, RELATION_TYPES, batch_size=batch_size, **options)


def test_predictions_do_not_depend_on_batches_and_keep_the_order_of_the_rows(trained: Any) -> None:
    together = _predict(trained, ROWS, batch_size=8)
    alone = [_predict(trained, [row])[0] for row in ROWS]
    for one, other in zip(together, alone, strict=True):
        assert [(s.start, s.end, s.label) for s in one.entities] == [(s.start, s.end, s.label) for s in other.entities]
        assert [s.score for s in one.entities] == pytest.approx([s.score for s in other.entities], abs=1e-5)
    assert together == _predict(trained, ROWS, batch_size=8)
    assert list(reversed(together)) == _predict(trained, list(reversed(ROWS)), batch_size=8)
    assert any(prediction.relations for prediction in together)


def test_what_was_learnt_is_predicted(trained: Any) -> None:
    found = [{(s.start, s.end, s.label) for s in prediction.entities} for prediction in _predict(trained, ROWS)]
    gold = [{tuple(entity) for entity in row["ner"]} for row in ROWS]
    assert sum(len(g & f) for g, f in zip(gold, found, strict=True)) >= 5


def test_mode_and_random_states_are_put_back(trained: Any) -> None:
    trained.train()
    frozen = trained.model.span_rep_layer
    frozen.eval()
    random.seed(1)
    torch.manual_seed(1)
    states = random.getstate(), torch.get_rng_state()
    _predict(trained, ROWS)
    assert trained.training
    assert not frozen.training
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    trained.eval()


def test_flat_predictions_do_not_overlap(trained: Any) -> None:
    for prediction in _predict(trained, ROWS, threshold=0.01):
        taken = [word for span in prediction.entities for word in range(span.start, span.end + 1)]
        assert len(taken) == len(set(taken))


def test_no_types_or_no_rows_give_nothing(trained: Any) -> None:
    assert predict(trained, ROWS, [], threshold=0.5, flat_ner=True, batch_size=2) == [Prediction()] * len(ROWS)
    assert _predict(trained, []) == []
    no_relations = predict(trained, ROWS, ENTITY_TYPES, None, threshold=0.3, flat_ner=True, batch_size=2)
    assert all(not prediction.relations for prediction in no_relations)


@pytest.mark.parametrize("name", ["decoder_span", "decoder_token"])
def test_a_decoder_that_finds_nothing_predicts_nothing(name: str, values: Any) -> None:
    model = gliner.build(values(name), seed=1)
    with torch.no_grad():
        for parameter in model.model.span_rep_layer.parameters():
            parameter.zero_()
    found = predict(model, ROWS, ENTITY_TYPES, threshold=0.9, flat_ner=True, batch_size=2)
    assert all(not span.generated for prediction in found for span in prediction.entities)


def test_a_decoder_writes_a_label_for_each_span(values: Any, collated: Any) -> None:
    model: Any = gliner.build(values("decoder_span", blank_entity_prob=0.0), seed=1)
    learn(model, collated(model), steps=150)
    found = predict(model, ROWS, ENTITY_TYPES, threshold=0.5, flat_ner=True, batch_size=4)
    spans = [span for prediction in found for span in prediction.entities]
    assert len(spans) >= 4
    written = [span.generated[0].strip() for span in spans]
    assert sum(text == span.label for text, span in zip(written, spans, strict=True)) >= len(spans) // 2


def test_no_span_reaches_into_what_the_tokenizer_cut_off(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"tokenized_text": ROWS[0]["tokenized_text"] * 6, "ner": []}
    tokenizer = trained.data_processor.transformer_tokenizer
    monkeypatch.setattr(tokenizer, "model_max_length", 45)
    (output,) = outputs(trained, [row], ENTITY_TYPES, RELATION_TYPES, threshold=0.01, batch_size=1)
    read = int(output.batch["words_mask"].max())
    assert 0 < read < 30
    found = _predict(trained, [row], threshold=0.01)[0]
    assert found.entities
    assert max(span.end for span in found.entities) < read
