"""Adapters of one base, added by weight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gliexp.errors import Refusal
from gliexp.models import adapters, architecture, export
from models.conftest import ENTITY_TYPES, ROWS, learn

LAYER = "encoder.layer.0.attention.self.query.weight"


@pytest.fixture(scope="module")
def two(adapted: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [_saved(adapted, collated, tmp_path_factory, seed=seed) for seed in (2, 3)]


def _saved(
    adapted: Any, collated: Any, factory: pytest.TempPathFactory, name: str = "uni_token", **changes: Any
) -> Path:
    made = adapted(name, **changes)
    learn(made.model, collated(made.model), steps=3 + changes.get("seed", 0))
    return adapters.save(made, factory.mktemp("run") / "adapter")


def _weight(model: Any, name: str = LAYER) -> torch.Tensor:
    found: torch.Tensor = architecture.text_encoder(model).get_parameter(name).detach()
    return found


def test_one_adapter_is_merged(two: list[Path]) -> None:
    model = adapters.combine(two[:1])
    assert export.compare(adapters.load(two[0]).model, model, "merged", ROWS, ENTITY_TYPES) <= 1e-5


def test_the_sum_is_weighted_and_exact(two: list[Path], adapted: Any) -> None:
    singles = [adapters.combine([place]) for place in two]
    origin = adapters.load(two[0]).base.build()
    both = adapters.combine(two, [0.7, 0.3])
    first, second = (_weight(model) - _weight(origin) for model in singles)
    expected = _weight(origin) + 0.7 * first + 0.3 * second
    assert torch.allclose(_weight(both), expected, atol=1e-6)
    assert not torch.allclose(_weight(both), _weight(singles[0]), atol=1e-4)
    heads = [dict(model.model.named_parameters())["scorer.proj_token.weight"] for model in (*singles, both)]
    assert torch.allclose(heads[2], 0.7 * heads[0] + 0.3 * heads[1], atol=1e-6)
    ids = list(architecture.special_token_ids(both).values())
    rows = [architecture.text_encoder(model).get_input_embeddings().weight[ids] for model in (*singles, both)]  # type: ignore[operator]
    assert torch.allclose(rows[2], 0.7 * rows[0] + 0.3 * rows[1], atol=1e-6)


def test_a_whole_weight_gives_back_its_adapter(two: list[Path]) -> None:
    model = adapters.combine(two, [1.0, 0.0])
    assert export.compare(adapters.load(two[0]).model, model, "merged", ROWS, ENTITY_TYPES) <= 1e-5


def test_ia3_adds_too(adapted: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    places = [_saved(adapted, collated, tmp_path_factory, method="ia3", seed=seed) for seed in (0, 1)]
    assert adapters.combine(places, [0.5, 0.5]) is not None
    whole = adapters.combine(places, [1.0, 0.0])
    assert export.compare(adapters.load(places[0]).model, whole, "merged", ROWS, ENTITY_TYPES) <= 1e-5


def test_other_combinations_are_pefts(two: list[Path]) -> None:
    exact, pruned = (adapters.combine(two, combination=c, density=0.5) for c in ("svd", "ties"))
    assert not torch.equal(_weight(exact), _weight(pruned))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": [1.0]}, "1 for 2 adapters"),
        ({"weights": [1.0, -1.0]}, "add up to 0"),
        ({"combination": "sum"}, "peft has no 'sum'"),
        ({"combination": "ties"}, "--density"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str, two: list[Path]) -> None:
    with pytest.raises(Refusal, match=message):
        adapters.combine(two, **options)


def test_unlike_adapters_are_refused(
    two: list[Path], adapted: Any, collated: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = _saved(adapted, collated, tmp_path_factory, method="ia3")
    with pytest.raises(Refusal, match=r"is ia3 and .* is lora"):
        adapters.combine([two[0], other])
    elsewhere = _saved(adapted, collated, tmp_path_factory, name="uni_deberta")
    with pytest.raises(Refusal, match="belongs to another base"):
        adapters.combine([two[0], elsewhere])
    doras = [_saved(adapted, collated, tmp_path_factory, method="dora", seed=seed) for seed in (0, 1)]
    with pytest.raises(Refusal, match="dora adapters cannot be added"):
        adapters.combine(doras)
