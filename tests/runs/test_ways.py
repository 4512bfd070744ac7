from __future__ import annotations

import torch
from gliner import GLiNER
from models.conftest import ENTITY_TYPES, ROWS

from gliexp.config.compose import compose
from gliexp.models import gliner
from gliexp.models.fast.dropout import CheapDropout
from gliexp.models.fast.packed import Packed
from gliexp.models.fast.spans import FoldedSpanMarker
from gliexp.runs import model_source, predict, ways

WAYS = (CheapDropout, Packed, FoldedSpanMarker)


def found(model: torch.nn.Module) -> set[type]:
    return {way for way in WAYS if any(isinstance(module, way) for module in model.modules())}


def test_a_run_takes_the_ways_that_its_config_names(values):
    for overrides, expected in (
        ([], set(WAYS)),
        (["training.unpadded=false"], {CheapDropout, FoldedSpanMarker}),
        (["training.cheap_dropout=false", "training.folded_heads=false"], {Packed}),
    ):
        model = gliner.build(values("uni_markerV0"), seed=0)
        ways.take(compose(overrides, environment=False).config, model)
        assert found(model) == expected


def test_an_opened_model_predicts_by_all_of_them_what_the_library_predicts(entity_model):
    opened = predict.predictor(model_source.find(str(entity_model)))
    assert found(opened.model) == set(WAYS)
    stock = GLiNER.from_pretrained(str(entity_model))
    texts = [" ".join(row["tokenized_text"]) for row in ROWS]
    ours, theirs = (
        [
            [(entity["start"], entity["end"], entity["label"], round(entity["score"], 4)) for entity in row]
            for row in model.inference(texts, ENTITY_TYPES, threshold=0.3)
        ]
        for model in (opened.model, stock)
    )
    assert any(theirs)
    assert ours == theirs
