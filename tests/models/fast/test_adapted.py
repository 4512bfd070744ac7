"""Adapters, frozen parts and recomputed layers under the cheaper ways."""

from __future__ import annotations

import pytest
import torch

from gliexp.models import adapters, export, gliner
from gliexp.models.fast import dropout as cheap
from gliexp.models.fast import linear, packed
from gliexp.models.fast.ways import ONEDNN, Ways, take
from models.adapters.conftest import LORA
from models.conftest import ENTITY_TYPES, OPTIONS, RELATION_TYPES, ROWS, learn


@pytest.fixture(autouse=True)
def every_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "LEAST_PRODUCTS", 0)
    monkeypatch.setattr(packed, "LEAST_LENGTH", 0)
    monkeypatch.setattr(cheap, "LEAST_VALUES", 0)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", ["uni_markerV0", "uni_token", "uni_deberta"])
def test_adapters_train_merge_and_open_in_the_stock_library(name, dropout, values, collated, tmp_path):
    base = adapters.Base(values(name), 1)
    made = adapters.wrap(gliner.build(base.values, seed=1), {**LORA, "lora_dropout": dropout}, origin=base, seed=2)
    model = made.model
    take(model.model, Ways(ONEDNN))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    losses = learn(model, collated(model), steps=6)
    assert losses[-1] < losses[0]
    changed = {key for key, value in model.named_parameters() if not torch.equal(before[key], value)}
    assert any("lora_" in key for key in changed)
    assert changed <= {key for key, value in model.named_parameters() if value.requires_grad}
    again = adapters.load(adapters.save(made, tmp_path / "adapter")).model
    assert export.compare(model, again, "adapter", ROWS, ENTITY_TYPES) <= 1e-5
    adapters.merge(model)
    assert export.verify(model, gliner.save(model, tmp_path / "m"), ROWS, ENTITY_TYPES, RELATION_TYPES) <= 1e-5


def test_training_repeats_to_the_bit_from_saved_random_numbers(values, collated):
    """Also where layers are computed again for their gradients."""
    model = gliner.build(values("uni_markerV0"), seed=0)
    take(model.model, Ways(ONEDNN))
    batch, found = collated(model), []
    for recomputed in (False, False, True):
        if recomputed:
            model.gradient_checkpointing_enable()
        torch.manual_seed(7)
        model.model.train().zero_grad()
        model.model(**batch, **OPTIONS).loss.backward()
        found.append([value.grad.clone() for value in model.model.parameters() if value.grad is not None])
    assert all(torch.equal(one, other) for one, other in zip(found[0], found[1], strict=True))
    assert all(torch.equal(one, other) for one, other in zip(found[0], found[2], strict=True))


def test_deterministic_algorithms_are_enough(values, collated):
    model = gliner.build(values("uni_markerV0"), seed=0)
    take(model.model, Ways(ONEDNN))
    torch.use_deterministic_algorithms(True)
    try:
        model.model.train()(**collated(model), **OPTIONS).loss.backward()
    finally:
        torch.use_deterministic_algorithms(False)
