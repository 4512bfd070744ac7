"""What an adapter is put on, what trains under it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel

from gliexp.errors import Refusal
from gliexp.models import adapters, architecture, export, gliner, parameters
from models.adapters.conftest import LORA
from models.conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

ATTENTION = {
    "uni_markerV0": ["query", "key", "value", "attention.output.dense"],
    "uni_deberta": ["query_proj", "key_proj", "value_proj", "attention.output.dense"],
    "uni_modernbert": ["Wqkv", "attn.Wo"],
    "uni_t5": ["q", "k", "v", "o"],
    "streaming": ["c_attn", "attn.c_proj"],
}
FEED_FORWARD = {
    "uni_markerV0": ["encoder.layer.0.intermediate.dense", "encoder.layer.0.output.dense"],
    "uni_deberta": ["encoder.layer.0.intermediate.dense", "encoder.layer.0.output.dense"],
    "uni_modernbert": ["layers.0.mlp.Wi", "layers.0.mlp.Wo"],
}


def state(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def moved(before: dict[str, torch.Tensor], model: Any) -> set[str]:
    return {name for name, tensor in state(model).items() if not torch.equal(tensor, before[name])}


def prompt_vectors(model: Any) -> torch.Tensor:
    ids = list(architecture.special_token_ids(model).values())
    embedded: torch.Tensor = architecture.text_encoder(model).get_input_embeddings()(torch.tensor(ids))  # type: ignore[operator]
    return embedded.detach().clone()


@pytest.mark.parametrize("name", ATTENTION)
def test_null_means_the_attention_of_the_architecture(name: str, adapted: Any) -> None:
    assert adapted(name).names["text_encoder"] == ATTENTION[name]


@pytest.mark.parametrize("name", FEED_FORWARD)
def test_the_role_mlp_is_the_feed_forward_block_alone(name: str, adapted: Any) -> None:
    full = [full for names in adapted(name, target_modules="mlp").targets["text_encoder"].values() for full in names]
    assert [each for each in full if ".0." in each] == FEED_FORWARD[name]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("attention+mlp", [*ATTENTION["uni_markerV0"], "intermediate.dense", "output.dense"]),
        (["attention", "mlp"], [*ATTENTION["uni_markerV0"], "intermediate.dense", "output.dense"]),
        (["query", "value"], ["query", "value"]),
        ("query", ["query"]),
        (r".*\.1\..*\.(query|key)", [r".*\.1\..*\.(query|key)"]),
    ],
)
def test_targets_are_names_roles_or_a_pattern(wanted: Any, expected: Any, adapted: Any) -> None:
    assert adapted("uni_markerV0", target_modules=wanted).names["text_encoder"] == expected


def test_all_linear_leaves_out_what_is_never_read(adapted: Any) -> None:
    made = adapted("decoder_span", target_modules="all-linear")
    assert not any("pooler" in name for name in made.names["text_encoder"])
    assert len(made.names["text_encoder"]) == 12
    assert "lm_head" not in made.names["label_decoder"]


def test_the_configuration_may_name_the_roles(adapted: Any) -> None:
    made = adapted("uni_markerV0", modules={"attention": ["value"], "mlp": []})
    assert made.names["text_encoder"] == ["value"]


def test_a_part_without_the_names_takes_its_own_attention(adapted: Any) -> None:
    made = adapted("decoder_span", target_modules=["query"])
    assert made.names == {"text_encoder": ["query"], "label_decoder": ["c_attn", "attn.c_proj"]}


@pytest.mark.parametrize("name", ["uni_markerV0", "uni_modernbert"])
def test_layers_and_exclusions(name: str, adapted: Any) -> None:
    excluded = ["Wo"] if name == "uni_modernbert" else ["value"]
    made = adapted(name, target_modules="attention+mlp", layers_to_transform=[1], exclude_modules=excluded)
    full = [full for names in made.targets["text_encoder"].values() for full in names]
    assert full
    assert all(".1." in each and not each.endswith(("Wo", "value")) for each in full)
    wrapped = {n for n, p in made.model.named_parameters() if "lora_A" in n}
    assert len(wrapped) == len(full)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_modules": ["qeury", "value"]}, "did you mean query"),
        ({"rank": 4}, r"peft\.rank"),
        ({"method": "lorra"}, "no method 'lorra'"),
        ({"layers_to_transform": [7]}, r"no layers \[7\].*0 to 1"),
        ({"exclude_modules": ["key", "nothing"]}, "'nothing' is no target"),
        ({"exclude_modules": ["query", "key", "value", "dense"]}, "leaves no target"),
        ({"rank_pattern": {"nothing": 2}}, "'nothing' matches no target"),
        ({"modules_to_save": ["scorer"]}, "heads are always trained"),
        ({"init_lora_weights": "eva"}, "starts from training rows"),
        ({"init_lora_weights": "nonsense"}, "peft refuses"),
        ({"method": "qlora"}, "in 4 bits, and bitsandbytes is not installed"),
        ({"method": "loftq"}, "in 4 bits, and bitsandbytes is not installed"),
        ({"method": "partial", "unfreeze_last_n_layers": 3}, "3 of 2 layers"),
        ({"method": "adalora", "init_r": 2}, "below the final rank"),
        ({"text_encoder": "frozen"}, "no part of the model"),
    ],
)
def test_what_does_not_exist_is_refused(changes: dict[str, Any], message: str, adapted: Any) -> None:
    with pytest.raises(Refusal, match=message):
        adapted("uni_markerV0", **changes)


def test_the_first_weights_depend_on_the_seed_alone(adapted: Any) -> None:
    states = []
    for seed in (5, 5, 6):
        torch.rand(seed)
        states.append(state(adapted("uni_markerV0", seed=seed).model))
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


def test_gradient_checkpointing_reaches_wrapped_backbones(adapted: Any, collated: Any) -> None:
    model = adapted("uni_markerV0").model
    model.gradient_checkpointing_enable()
    assert model.is_gradient_checkpointing
    before = state(model)
    learn(model, collated(model), steps=2)
    assert any("lora_" in key for key in moved(before, model))


def test_each_part_is_adapted_trained_or_frozen(adapted: Any) -> None:
    model = adapted("bi_span", labels_encoder="full").model
    assert isinstance(architecture.text_encoder(model), PeftModel)
    assert not isinstance(architecture.labels_encoder(model), PeftModel)
    counts = parameters.count(model)
    assert 0 < counts["text_encoder"].trainable < counts["text_encoder"].total / 2
    assert counts["labels_encoder"].trainable == counts["labels_encoder"].total
    counts = parameters.count(adapted("bi_span", text_encoder="frozen", heads="frozen").model)
    assert counts["text_encoder"].trainable == counts["heads"].trainable == 0
    assert counts["labels_encoder"].trainable > 0


OTHERS: dict[str, dict[str, Any]] = {
    "pissa": {"method": "pissa"},
    "olora": {"init_lora_weights": "olora"},
    "mica": {"init_lora_weights": "mica"},
    "orthogonal": {"init_lora_weights": "orthogonal"},
    "biases": {"bias": "all"},
    "ranks": {"rank_pattern": {"query": 2}, "alpha_pattern": {"query": 3}, "use_rslora": True},
    "saved modules": {"modules_to_save": ["pooler"]},
    "more rows": {"trainable_token_indices": [5, 7]},
    "vera": {"method": "vera", "r": 8},
    "freeze": {"method": "freeze"},
    "partial": {"method": "partial", "unfreeze_last_n_layers": 1},
    "frozen heads": {"heads": "frozen"},
}


@pytest.mark.parametrize("name", ["uni_token", "uni_t5", "uni_modernbert"])
@pytest.mark.parametrize("method", OTHERS)
def test_every_method_trains_saves_and_merges(
    method: str, name: str, adapted: Any, collated: Any, tmp_path: Any
) -> None:
    if method in ("saved modules", "ranks") and name != "uni_token":
        pytest.skip("the names are BERT's")
    made = adapted(name, **OTHERS[method])
    model = made.model
    before, rows = state(model), prompt_vectors(model)
    trainable = {key for key, parameter in model.named_parameters() if parameter.requires_grad}
    learn(model, collated(model), steps=4)
    assert moved(before, model) <= trainable
    assert moved(before, model)
    assert (prompt_vectors(model) != rows).any(dim=1).all()
    assert torch.nn.functional.cosine_similarity(rows[0], rows[1], dim=0) < 0.95
    again = adapters.load(adapters.save(made, tmp_path / "adapter")).model
    assert export.compare(model, again, "adapter", ROWS, ENTITY_TYPES) <= 1e-5
    adapters.merge(model)
    assert export.compare(again, model, "merged", ROWS, ENTITY_TYPES) <= 1e-5
    assert export.verify(model, gliner.save(model, tmp_path / "m"), ROWS, ENTITY_TYPES, RELATION_TYPES) <= 1e-5


def test_partial_trains_the_last_layers_and_what_follows_them(adapted: Any, collated: Any) -> None:
    for name, last, first in (
        ("uni_token", "encoder.layer.1.", "encoder.layer.0."),
        ("uni_t5", "encoder.block.1.", "encoder.block.0."),
        ("uni_modernbert", "layers.1.", "layers.0."),
    ):
        model = adapted(name, method="partial", unfreeze_last_n_layers=1).model
        before = state(model)
        learn(model, collated(model), steps=3)
        changed = moved(before, model)
        assert any(last in key for key in changed)
        assert not any(first in key for key in changed)
        assert any("final" in key for key in changed) == (name != "uni_token")


def test_every_setting_of_lora_is_a_key_or_peft_fills_it_in() -> None:
    import dataclasses

    from gliexp.config.schema.peft import Peft

    filled_in = {
        *"task_type peft_type auto_mapping peft_version base_model_name_or_path revision inference_mode".split()
    }
    ours = {field.name for field in dataclasses.fields(Peft)}
    assert {field.name for field in dataclasses.fields(LoraConfig)} - ours == filled_in


def test_what_adalora_does_not_read_does_not_reach_it(adapted: Any) -> None:
    made = adapted("uni_markerV0", method="adalora", use_dora=True, rank_pattern={"query": 2}, r=3)
    config = architecture.text_encoder(made.model).peft_config["default"]  # type: ignore[union-attr, index]
    assert (config.target_r, config.init_r, config.use_dora, config.rank_pattern) == (3, 5, False, None)


def test_settings_reach_the_adapter(adapted: Any) -> None:
    model = adapted("uni_markerV0", r=3, lora_alpha=5, use_dora=True, lora_dropout=0.25, rank_pattern={"key": 1}).model
    config = architecture.text_encoder(model).peft_config["default"]  # type: ignore[union-attr, index]
    assert (config.r, config.lora_alpha, config.use_dora, config.lora_dropout) == (3, 5, True, 0.25)
    ranks = {len(p) for n, p in model.named_parameters() if "key.lora_A" in n}
    assert ranks == {1}
    assert LORA["r"] == 4
