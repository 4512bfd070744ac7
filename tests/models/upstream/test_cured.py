from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from gliner import GLiNER
from torch.nn.functional import cosine_similarity

from gliexp.models import architecture, gliner
from gliexp.models.upstream.cured import Cured
from gliexp.models.upstream.cures import CURES, applicable, apply_all
from models.conftest import OPTIONS, ROWS, VARIANTS


@pytest.mark.parametrize("name", ["uni_markerV0", "bi_span", "decoder_token", "relex_span_dot"])
def test_cures_are_put_on_once_and_the_library_stays_as_it_is(name: str, values: Any, stock: Any) -> None:
    model = gliner.build(values(name), seed=1)
    again = apply_all(model)
    assert again is model
    for cure in applicable(model):
        target = getattr(model, cure.target) if cure.target else model
        assert isinstance(target, cure.mixin)
        assert target.cures.count(cure.mixin) == 1
    plain = stock(model)
    assert not any(isinstance(part, Cured) for part in (plain, plain.model, plain.data_processor))
    assert architecture.variant(plain) == architecture.variant(model)
    assert type(model).__name__ == type(plain).__name__


def test_every_cure_applies_somewhere() -> None:
    assert all(cure.variants for cure in CURES)
    assert len({cure.mixin for cure in CURES}) == len(CURES)


def test_cured_objects_survive_copies_and_pickles(values: Any, collated: Any) -> None:
    model: Any = gliner.build(values("decoder_span", blank_entity_prob=0.0), seed=1)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert isinstance(twin.model, Cured)
        assert twin.model is not model.model
        assert torch.equal(twin(**collated(twin), **OPTIONS).loss, model(**collated(model), **OPTIONS).loss)
    collator = pickle.loads(pickle.dumps(gliner.training_collator(model)))
    assert isinstance(collator.collator.data_processor, Cured)


def _prompt_rows(model: Any) -> torch.Tensor:
    weight = architecture.text_encoder(model).get_input_embeddings().weight  # type: ignore[operator]
    rows: torch.Tensor = weight[list(architecture.special_token_ids(model).values())]
    return rows


@pytest.mark.parametrize("name", ["uni_markerV0", "relex_span_dot", "uni_modernbert", "streaming"])
def test_prompt_tokens_start_out_distinct(name: str, values: Any, stock: Any) -> None:
    rows = _prompt_rows(gliner.build(values(name), seed=1))
    assert len(rows) == (3 if name.startswith("relex") else 2)
    assert cosine_similarity(rows[0], rows[1], dim=0) < 0.9
    torch.manual_seed(0)
    config = {key: value for key, value in values(name).items() if key != "model_type" or name == "streaming"}
    theirs = _prompt_rows(GLiNER.from_config(config))
    assert cosine_similarity(theirs[0], theirs[1], dim=0) > 0.999, "mended upstream: remove special_rows.scatter_rows"
    kept = architecture.text_encoder(gliner.build(values(name), seed=1)).get_input_embeddings().weight  # type: ignore[operator]
    spread = kept[: -len(rows)].std()
    assert 0.3 < rows.std() / spread < 3


def test_a_prompt_token_of_the_backbone_keeps_its_row(values: Any, backbones: dict[str, str], tmp_path: Any) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(backbones["bert"])
    tokenizer.add_tokens(["<<SEP>>", "<<ENT>>"], special_tokens=True)
    backbone = AutoModel.from_pretrained(backbones["bert"])
    backbone.resize_token_embeddings(len(tokenizer))
    backbone.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model = gliner.build(values("uni_markerV0", model_name=str(tmp_path)), seed=1)
    ids = architecture.special_token_ids(model)
    assert model.config.class_token_index == ids["<<ENT>>"] == len(tokenizer) - 1
    ours, known = _prompt_rows(model), backbone.get_input_embeddings().weight
    assert torch.equal(ours, known[[ids["<<ENT>>"], ids["<<SEP>>"]]])


@pytest.mark.parametrize("name", ["uni_token", "uni_deberta", "uni_modernbert", "bi_span", "decoder_span", "streaming"])
def test_gradient_checkpointing_gives_the_same_gradients(name: str, values: Any, collated: Any, stock: Any) -> None:
    model: Any = gliner.build(values(name, dropout=0.0, blank_entity_prob=0.0), seed=1)
    assert not hasattr(stock(model), "gradient_checkpointing_enable"), (
        "mended upstream: remove checkpointing.Checkpointing"
    )
    batch = collated(model)
    gradients = []
    for checkpointed in (False, True):
        if checkpointed:
            model.gradient_checkpointing_enable()
        assert model.is_gradient_checkpointing is checkpointed
        model.train()
        model.zero_grad()
        torch.manual_seed(5)
        model(**batch, **OPTIONS).loss.backward()
        gradients.append({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for parameter, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][parameter], atol=1e-6), parameter
    model.gradient_checkpointing_disable()
    assert not model.is_gradient_checkpointing


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_trains_on_rows_without_entities_and_without_types(name: str, values: Any) -> None:
    model: Any = gliner.build(values(name), seed=1)
    model.train()
    collator = gliner.training_collator(model)
    empty = [{**row, "ner": [], "relations": []} for row in ROWS[:2]]
    for types in ([[], []], [["person", "location"], []], [["person"], ["location"]]):
        relations = [["employed by"], []] if architecture.has_relations(model) else None
        loss = model(**collator(empty, entity_types=types, relation_types=relations), **OPTIONS).loss
        loss.backward()
        assert loss.isfinite()
