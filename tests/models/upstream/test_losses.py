"""Faults in the library's losses, each shown on the stock library first."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from gliner.modeling.loss_functions import cross_entropy_loss

from gliexp.models import gliner
from models.conftest import OPTIONS, still_fails


def _loss(model: Any, batch: dict[str, Any], **options: Any) -> float:
    torch.manual_seed(0)
    model.eval()
    return float(model(**batch, **{**OPTIONS, **options}).loss)


@pytest.mark.parametrize("name", ["bi_span", "decoder_span"])
def test_label_smoothing_and_probability_margin_reach_their_names(
    name: str, values: Any, collated: Any, stock: Any
) -> None:
    decoder = {"blank_entity_prob": 0.0, "decoder_loss_coef": 0.0} if name == "decoder_span" else {}
    model = gliner.build(values(name, **decoder), seed=1)
    library, batch = stock(model), collated(model)
    plain = _loss(model, batch)
    as_margin = _loss(model, batch, prob_margin=0.1)
    assert _loss(library, batch, label_smoothing=0.1) == pytest.approx(as_margin, rel=1e-6), (
        "mended upstream: label_smoothing is no margin; remove label_smoothing.NamedSmoothing"
    )
    assert _loss(library, batch, prob_margin=0.1) == pytest.approx(_loss(library, batch))
    smoothed = _loss(model, batch, label_smoothing=0.1)
    assert len({round(value, 6) for value in (plain, as_margin, smoothed)}) == 3
    assert _loss(model, batch, label_smoothing=0.0) == pytest.approx(_loss(library, batch))


@pytest.mark.parametrize("name", ["uni_markerV0", "relex_span_none", "streaming"])
def test_span_width_weight_boosts_wide_positives(name: str, values: Any, collated: Any, stock: Any) -> None:
    model = gliner.build(values(name), seed=1)
    library, batch = stock(model), collated(model)
    still_fails(lambda: _loss(library, batch, use_span_width_weight=True), RuntimeError, cure="width_weight.GridLabels")
    assert _loss(model, batch, use_span_width_weight=True) > _loss(model, batch)
    assert _loss(model, batch) == pytest.approx(_loss(library, batch), rel=1e-6)


def test_width_weight_is_one_plus_the_logarithm_of_the_width(values: Any) -> None:
    model = gliner.build(values("uni_markerV0", max_width=4), seed=1)
    row = {"tokenized_text": "the big company acme".split(), "ner": [[1, 3, "organization"]]}
    batch = gliner.training_collator(model)([row], entity_types=[["organization"]])
    logits = torch.zeros(1, 4, 4, 1)
    options = {key: OPTIONS[key] for key in ("alpha", "gamma")}
    arguments = (logits, batch["labels"], torch.ones(1, 1), batch["span_mask"])
    plain = model.model.loss(*arguments, **options)
    weighted = model.model.loss(*arguments, **options, use_span_width_weight=True)
    assert float(weighted - plain) == pytest.approx(float(torch.log(torch.tensor(3.0)) * torch.log(torch.tensor(2.0))))


def test_token_loss_coefficient_counts_once(values: Any, collated: Any, stock: Any) -> None:
    changes = {"blank_entity_prob": 0.0, "decoder_loss_coef": 0.0}
    model = gliner.build(values("decoder_token", **changes), seed=1)
    half = gliner.build(values("decoder_token", **changes, token_loss_coef=0.5, span_loss_coef=0.5), seed=1)
    batch = collated(model)
    assert _loss(half, batch) == pytest.approx(_loss(model, batch) / 2, rel=1e-5)
    assert _loss(stock(half), batch) == pytest.approx(_loss(model, batch) / 4, rel=1e-5), (
        "mended upstream: token_loss_coef counts once; remove decoder_loss.CoefficientOnce"
    )


@pytest.mark.parametrize("name", ["decoder_span", "decoder_token"])
def test_decoder_loss_is_a_mean_when_a_mean_is_asked_for(name: str, values: Any, collated: Any, stock: Any) -> None:
    off, on = (gliner.build(values(name, blank_entity_prob=0.0, decoder_loss_coef=c), seed=1) for c in (0.0, 1.0))
    batch = collated(off)
    tokens = int((batch["decoder_labels"] != -100).sum())

    def decoder_part(with_decoder: Any, without: Any, reduction: str) -> float:
        return _loss(with_decoder, batch, reduction=reduction) - _loss(without, batch, reduction=reduction)

    assert decoder_part(on, off, "mean") * tokens == pytest.approx(decoder_part(on, off, "sum"), rel=1e-3)
    library = stock(on), stock(off)
    assert decoder_part(*library, "mean") == pytest.approx(decoder_part(*library, "sum"), rel=1e-3), (
        "mended upstream: the decoder's loss is reduced; remove decoder_loss.ReducedDecoderLoss"
    )


def test_cross_entropy_ignores_padding_targets() -> None:
    logits = torch.randn(1, 3, 5)
    targets = torch.tensor([[1, -100, -100]])
    alone = cross_entropy_loss(logits[:, :1], targets[:, :1])
    assert torch.allclose(cross_entropy_loss(logits, targets), alone)
