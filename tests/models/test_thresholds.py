"""What is found at a threshold is what is found at a lower one, without the scores up to it."""

from __future__ import annotations

from typing import Any

import pytest

from gliexp.models import gliner
from gliexp.models.architecture import thresholds_take_away
from gliexp.models.predict import predict
from gliexp.training.metrics.thresholds import LOWEST

from .conftest import ENTITY_TYPES, ROWS, learn


@pytest.mark.parametrize("name", ["uni_markerV0", "uni_token", "bi_span", "bi_token"])
@pytest.mark.parametrize("flat_ner", [True, False])
def test_thresholds_only_take_away(name: str, flat_ner: bool, values: Any, collated: Any) -> None:
    model: Any = gliner.build(values(name), seed=1)
    learn(model, collated(model), steps=12)

    assert thresholds_take_away(model)

    def at(threshold: float) -> list[set[Any]]:
        found = predict(model, ROWS, ENTITY_TYPES, threshold=threshold, flat_ner=flat_ner, batch_size=4)
        return [{(span.start, span.end, span.label, span.score) for span in one.entities} for one in found]

    lowest = at(LOWEST)
    assert sum(map(len, lowest)) > sum(map(len, at(0.5)))
    for threshold in (0.1, 0.2, 0.35, 0.5, 0.7, 0.9):
        assert at(threshold) == [{span for span in row if span[3] > threshold} for row in lowest]


@pytest.mark.parametrize("name", ["uni_token_spans", "bi_token_spans", "relex_span_dot", "decoder_span"])
def test_others_are_asked_at_each_threshold(name: str, values: Any) -> None:
    assert not thresholds_take_away(gliner.build(values(name), seed=1))
