"""Every architecture computes the same losses, scores and gradients by the cheaper ways as by the library's."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from gliexp.config.schema.classifier import BI, DECODER_KV, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, UNI
from gliexp.models import gliner
from gliexp.models.fast import dropout, linear, packed
from gliexp.models.fast.packed import Packed
from gliexp.models.fast.ways import ONEDNN, TORCH, Ways, take
from models import classifiers
from models.conftest import OPTIONS, VARIANTS

OFF = Ways(TORCH, cheap_dropout=False, unpadded=False, folded_heads=False)


def outcome(model: Any, batch: dict[str, Any], **options: Any) -> dict[str, torch.Tensor]:
    """Loss, scores and the gradient of each weight, by name."""
    model.zero_grad()
    output = model(**batch, **options)
    output.loss.backward()
    found = {"loss": output.loss.detach(), "logits": output.logits.detach()}
    return found | {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def same(model: Any, batch: dict[str, Any], **options: Any) -> None:
    """All of it to 1e-5, relative to values above 1; without dropout."""
    stock = copy.deepcopy(model)
    take(model, Ways(ONEDNN))
    keys = list(stock.state_dict())
    assert list(model.state_dict()) == keys
    ours, theirs = (outcome(one.eval(), batch, **options) for one in (model, stock))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        scale = max(1.0, float(value.abs().max()))
        assert float((ours[name] - value).abs().max()) <= 1e-5 * scale, name


@pytest.fixture(autouse=True)
def every_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(packed, "LEAST_LENGTH", 0)
    monkeypatch.setattr(dropout, "LEAST_VALUES", 0)


@pytest.mark.parametrize("name", [*VARIANTS, "modernbert unfused"])
def test_every_gliner(name, values, collated):
    chosen = values("uni_modernbert", fuse_layers=False) if name == "modernbert unfused" else values(name)
    model = gliner.build(chosen, seed=0)
    same(model.model, collated(model), **OPTIONS)


@pytest.mark.parametrize("architecture", [UNI, BI, FUSED, SEQ2SEQ, SEQ2SEQ_CLS, DECODER_KV])
def test_every_gliclass(architecture, classifier):
    made = classifier(architecture)
    same(made.model, classifiers.batch_of(made))


def test_ways_that_are_off_change_no_module(values):
    model = gliner.build(values("uni_markerV0"), seed=0)
    before = [type(module) for module in model.model.modules()]
    take(model.model, OFF)
    assert [type(module) for module in model.model.modules()] == before


def test_every_way_reaches_its_modules(values):
    model = gliner.build(values("uni_markerV0"), seed=0)
    take(model.model, Ways(ONEDNN))
    kinds = {type(module).__name__: type(module) for module in model.model.modules()}
    assert {"OneDnnLinear", "CheapDropout", "FoldedSpanMarker"} <= kinds.keys()
    assert {"Linear", "Dropout", "SpanMarkerV0"}.isdisjoint(kinds)
    assert issubclass(kinds["BertModel"], Packed)


def test_a_saved_model_opens_in_the_stock_library_with_the_same_scores(values, collated, stock):
    model = gliner.build(values("uni_markerV0"), seed=0)
    take(model.model, Ways(ONEDNN))
    reloaded = stock(model)
    batch = collated(model)
    with torch.no_grad():
        ours, theirs = (one.model.eval()(**batch).logits for one in (model, reloaded))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_in_bf16_the_loss_is_that_of_the_librarys_bf16(training, values, collated):
    model = gliner.build(values("uni_markerV0", dropout=0.0), seed=0)
    stock = copy.deepcopy(model)
    take(model.model, Ways(ONEDNN))
    batch, found = collated(model), []
    for one in (model.model, stock.model):
        torch.manual_seed(0)
        with torch.autocast("cpu", torch.bfloat16):
            loss = one.train(training)(**batch, **OPTIONS).loss
        loss.backward()
        assert all(torch.isfinite(p.grad).all() for p in one.parameters() if p.grad is not None)
        found.append(float(loss.detach()))
    assert found[0] == pytest.approx(found[1], rel=0.05)
