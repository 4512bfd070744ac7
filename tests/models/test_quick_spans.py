from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from gliexp.models import gliner
from gliexp.models.predict import outputs
from gliexp.models.quick_spans import quick_spans

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn


@pytest.mark.parametrize("name", ["uni_markerV0", "bi_span", "decoder_span", "relex_span_dot"])
def test_scores_are_those_of_the_librarys_own_way(name: str, values: Any, collated: Any) -> None:
    model: Any = gliner.build(values(name), seed=1)
    learn(model, collated(model), steps=20)
    own, short = (
        [
            output.result.logits
            for output in outputs(model, ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.5, batch_size=2, quick=quick)
        ]
        for quick in (False, True)
    )
    for one, other in zip(own, short, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_model_is_left_as_it_was_and_what_was_put_around_is_respected(values: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    (layer,) = [module for module in model.modules() if type(module).__name__ == "SpanMarkerV0"]
    with quick_spans(model):
        assert "forward" in vars(layer)
    assert "forward" not in vars(layer)
    layer.out_project[0] = nn.Sequential(layer.out_project[0])
    with quick_spans(model):
        assert "forward" not in vars(layer)
