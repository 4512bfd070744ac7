from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel

from gliexp.errors import Refusal
from gliexp.models import adapters, architecture, export, gliner, parameters
from gliexp.models.predict import predict

from .conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

LORA = {"enabled": True, "method": "lora", "r": 4, "lora_alpha": 8, "lora_dropout": 0.0, "bias": "none"}
ATTENTION = {
    "uni_markerV0": ["query", "key", "value", "attention.output.dense"],
    "uni_deberta": ["query_proj", "key_proj", "value_proj", "attention.output.dense"],
    "uni_modernbert": ["Wqkv", "attn.Wo"],
    "uni_t5": ["q", "k", "v", "o"],
    "streaming": ["c_attn", "attn.c_proj"],
}


def _snapshot(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def _prompt_rows(model: Any) -> torch.Tensor:
    words = list(architecture.special_token_ids(model).values())
    embedded: torch.Tensor = architecture.text_encoder(model).get_input_embeddings()(torch.tensor(words))  # type: ignore[operator]
    return embedded.detach().clone()


@pytest.mark.parametrize("name", [*ATTENTION, "uni_token", "bi_span", "decoder_span", "relex_span_dot"])
def test_adapters_train_merge_and_reload_in_the_stock_library(
    name: str, values: Any, collated: Any, tmp_path: Path
) -> None:
    model: Any = gliner.build(values(name), seed=1)
    resolved = adapters.wrap(model, LORA, seed=2)
    assert resolved.keys() == architecture.holders(model).keys()
    if name in ATTENTION:
        assert resolved["text_encoder"] == ATTENTION[name]
    before, rows = _snapshot(model), _prompt_rows(model) if architecture.special_tokens(model) else None
    losses = learn(model, collated(model), steps=8)
    assert losses[-1] < losses[0]
    after = _snapshot(model)
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    lora = {key for key in before if "lora_" in key}
    heads = {key for key in before if "token_rep_layer" not in key and ".decoder." not in key}
    frozen = {key for key, parameter in model.named_parameters() if not parameter.requires_grad}
    assert lora
    assert len(lora & moved) >= len(lora) * 0.75  # a last layer's query and key may get nothing that matters
    assert heads & moved
    assert not frozen & moved
    assert not heads & frozen
    if rows is not None:
        assert (_prompt_rows(model) != rows).any(dim=1).all()
    unmerged = predict(model, ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.2, flat_ner=False, batch_size=4)
    adapters.merge(model)
    merged = predict(model, ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.2, flat_ner=False, batch_size=4)
    for mine, other in zip(unmerged, merged, strict=True):
        assert [span.score for span in mine.entities] == pytest.approx([s.score for s in other.entities], abs=1e-5)
    directory = gliner.save(model, tmp_path / "m")
    assert export.verify(model, directory, ROWS, ENTITY_TYPES, RELATION_TYPES) <= 1e-5


def test_only_the_named_parts_are_wrapped(values: Any) -> None:
    model = gliner.build(values("bi_span"), seed=1)
    assert adapters.wrap(model, LORA, parts=["text_encoder"]).keys() == {"text_encoder"}
    assert isinstance(architecture.text_encoder(model), PeftModel)
    assert not isinstance(architecture.labels_encoder(model), PeftModel)
    counts = parameters.count(model)
    assert 0 < counts["text_encoder"].trainable < counts["text_encoder"].total / 2
    assert counts["labels_encoder"].trainable == counts["labels_encoder"].total


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (
            ["attention", "mlp"],
            ["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
        ),
        (["mlp"], ["intermediate.dense", "output.dense"]),
        (["query", "value"], ["query", "value"]),
        ("all-linear", "all-linear"),
        ("query", ["query"]),
    ],
)
def test_targets_are_names_or_roles(wanted: Any, expected: Any, values: Any) -> None:
    model = gliner.build(values("uni_markerV0"), seed=1)
    assert adapters.wrap(model, {**LORA, "target_modules": wanted})["text_encoder"] == expected


def test_the_configuration_may_name_the_roles(values: Any) -> None:
    model = gliner.build(values("uni_markerV0"), seed=1)
    assert adapters.wrap(model, LORA, {"attention": ["value"], "mlp": []})["text_encoder"] == ["value"]


def test_a_part_without_the_names_takes_its_own_attention(values: Any) -> None:
    model = gliner.build(values("decoder_span"), seed=1)
    resolved = adapters.wrap(model, {**LORA, "target_modules": ["query"]})
    assert resolved == {"text_encoder": ["query"], "label_decoder": ["c_attn", "attn.c_proj"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_modules": ["qeury", "value"]}, "did you mean query"),
        ({"rank": 4}, r"peft\.rank"),
    ],
)
def test_what_does_not_exist_is_refused(changes: dict[str, Any], message: str, values: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    with pytest.raises(Refusal, match=message):
        adapters.wrap(model, {**LORA, **changes})
    assert not isinstance(architecture.text_encoder(model), PeftModel)


def test_the_first_weights_depend_on_the_seed_alone(values: Any) -> None:
    first, again, other = (gliner.build(values("uni_markerV0"), seed=1) for _ in range(3))
    for model, seed in ((first, 5), (again, 5), (other, 6)):
        torch.rand(seed)
        adapters.wrap(model, LORA, seed=seed)
    states = [_snapshot(model) for model in (first, again, other)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_gradient_checkpointing_reaches_wrapped_backbones(values: Any, collated: Any) -> None:
    model: Any = gliner.build(values("uni_markerV0"), seed=1)
    adapters.wrap(model, LORA)
    model.gradient_checkpointing_enable()
    assert model.is_gradient_checkpointing
    before = _snapshot(model)
    learn(model, collated(model), steps=2)
    assert any("lora_" in key and not torch.equal(before[key], p) for key, p in model.named_parameters())


@pytest.mark.parametrize("name", ["uni_markerV0", "bi_span", "decoder_span"])
def test_adapters_and_heads_load_onto_a_fresh_base(name: str, values: Any, collated: Any, tmp_path: Path) -> None:
    model: Any = gliner.build(values(name), seed=1)
    adapters.wrap(model, LORA)
    learn(model, collated(model), steps=4)
    directory = adapters.save_adapter(model, tmp_path / "adapter")
    fresh = adapters.load_adapter(gliner.build(values(name), seed=1), directory)
    for (key, mine), (_, other) in zip(model.state_dict().items(), fresh.state_dict().items(), strict=True):
        assert torch.equal(mine, other), key
    assert any(p.requires_grad for n, p in fresh.named_parameters() if "lora_" in n)
    wrong = gliner.build(values("uni_token"), seed=1)
    with pytest.raises(Refusal, match="another architecture"):
        adapters.load_adapter(wrong, directory)
    with pytest.raises(Refusal, match="no saved adapter"):
        adapters.load_adapter(wrong, tmp_path)
