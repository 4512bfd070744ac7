"""Every leaf of every task's config arrives at the object it names, or is inert with a reason."""

from __future__ import annotations

import ast
import copy
import dataclasses
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import transformers
from gliclass import GLiClassModelConfig
from gliclass.training import RLTrainerConfig
from gliclass.training import TrainingArguments as GliclassArguments
from gliner.config import (
    BiEncoderSpanConfig,
    BiEncoderTokenConfig,
    StreamingSpanConfig,
    UniEncoderSpanConfig,
    UniEncoderSpanDecoderConfig,
    UniEncoderSpanRelexConfig,
    UniEncoderTokenConfig,
    UniEncoderTokenDecoderConfig,
    UniEncoderTokenRelexConfig,
)
from gliner.training import TrainingArguments
from peft import LoraConfig

from gliexp.config.compose import compose
from gliexp.config.keys import Key, index
from gliexp.config.routing import (
    CONFIG,
    GLICLASS_CONFIG,
    GLINER_CONFIG,
    OBJECTS,
    RL_CONFIG,
    TRAINING_ARGUMENTS,
    Route,
    Routed,
    route,
    table,
    value_at,
)
from gliexp.config.schema import Config

STOPPING = ["training.early_stopping_patience=3", "training.load_best_model_at_end=true"]
SETUPS: dict[str, list[str]] = {
    "ner": ["peft=lora", "peft.target_modules=attention+mlp", "hub=end", "training.hub_model_id=a/b"],
    "ner tokens": [
        "span_mode=token_level",
        "model.represent_spans=true",
        "data.long_doc_chunking.enabled=true",
        *STOPPING,
    ],
    "biencoder": ["task=biencoder", "model.post_fusion_schema=l2l"],
    "biencoder tokens": ["task=biencoder", "span_mode=token_level"],
    "decoder": ["task=decoder", "training.max_steps=10"],
    "decoder tokens": ["task=decoder", "span_mode=token_level", "model.blank_entity_prob=0"],
    "relex": ["task=relex", "model.relations_layer=dot", "model.augment_data_prob=0.2"],
    "relex tokens": ["task=relex", "span_mode=token_level"],
    "streaming": ["task=streaming", "training.warmup_steps=3"],
    "adalora": ["peft=adalora", "training.max_steps=10"],
    "ia3": ["peft=ia3", "peft.layers_to_transform=[1]"],
    "vera": ["peft=vera"],
    "partial": ["peft=partial"],
    "loftq": ["peft=loftq"],
    "megatron": ["peft=lora", "peft.megatron_config={a: 1}", "peft.use_qalora=true"],
    "adapters of a bi-encoder": ["task=biencoder", "peft=lora"],
    "adapters of a decoder": ["task=decoder", "peft=lora"],
    "going on": [
        "model.from_pretrained=some/model",
        "training.load_best_model_at_end=false",
        "training.save_strategy=steps",
        "training.loss_type=dice",
    ],
    "classification": ["task=classification", "model.normalize_features=true"],
    "classification words": [
        "task=classification",
        "model.scorer_type=cross-attn",
        "model.pooling_strategy=pass",
        "model.scorer_num_heads=8",
        "data.label_sampling=sampled",
    ],
    "classification pair": [
        "task=classification",
        "model.architecture_type=bi-encoder-fused",
        "model.prompt_first=true",
    ],
    "classification single": ["task=classification", "model.problem_type=single_label_classification"],
    "classification rl": [
        "task=classification_rl",
        "rl.get_actions=threshold",
        "rl.kl_beta=0.5",
        "rl.reference_model=some/model",
    ],
    "classification ewc": [
        "task=classification",
        "model.from_pretrained=some/model",
        "training.use_ewc=true",
        "data.previous_data=sample",
        "data.augmentation.enabled=true",
    ],
    "classification decoder": [
        "task=classification",
        "backbone=qwen3_0_6b",
        "model.architecture_type=decoder-kv",
        "model.recurrent_steps=3",
    ],
}
CLASSES: dict[str, Any] = {
    "ner": UniEncoderSpanConfig,
    "ner tokens": UniEncoderTokenConfig,
    "biencoder": BiEncoderSpanConfig,
    "biencoder tokens": BiEncoderTokenConfig,
    "decoder": UniEncoderSpanDecoderConfig,
    "decoder tokens": UniEncoderTokenDecoderConfig,
    "relex": UniEncoderSpanRelexConfig,
    "relex tokens": UniEncoderTokenRelexConfig,
    "streaming": StreamingSpanConfig,
    "adalora": UniEncoderSpanConfig,
    "ia3": UniEncoderSpanConfig,
    "vera": UniEncoderSpanConfig,
    "partial": UniEncoderSpanConfig,
    "loftq": UniEncoderSpanConfig,
    "megatron": UniEncoderSpanConfig,
    "adapters of a bi-encoder": BiEncoderSpanConfig,
    "adapters of a decoder": UniEncoderSpanDecoderConfig,
    "going on": UniEncoderSpanConfig,
}
BERT = {"model_type": "bert", "hidden_size": 32}
SECOND: dict[str, Any] = {
    "training.optim": "adafactor",  # the next choice is what plain AdamW becomes
    "model.hidden_size": 256,
    "model.label_model_config": {"model_type": "bert", "hidden_size": 96},
    "model.max_labels_alloc": "fixed",
    "model.class_token_pooling": "average",
    "model.focal_loss_reduction": "sum",
    "model.span_mode": "markerV1",
    "model.relations_layer": "mlp",
    "model.triples_layer": "DistMult",
    "model.post_fusion_schema": "l2t",
    "model.encoder_config": BERT,
    "model.decoder_config": {"model_type": "gpt2", "n_embd": 32},
    "model.labels_encoder_config": {"model_type": "deberta-v2", "hidden_size": 96},
    "model.labels_decoder_config": {"model_type": "gpt2", "n_embd": 32},
    "model.span_encoder_config": {"model_type": "rnn", "hidden_size": 32},
    "model.augment_ent_drop_prob": [0.1, 0.2],
    "model.augment_rel_drop_prob": [0.1, 0.2],
    "training.evaluation_strategy": "steps",
    "training.lr_scheduler_kwargs": {"num_cycles": 2},
    "training.optim_target_modules": ["a"],
    "training.gradient_checkpointing_kwargs": {"use_reentrant": True},
    "training.accelerator_config": {"split_batches": True},
    "training.fsdp_config": {"min_num_params": 1},
    "training.liger_kernel_config": {"rope": False},
    "training.report_to": ["tensorboard"],
    "training.trackio_static_space_id": "a/b",
    "training.debug": "underflow_overflow",
    "training.save_strategy": "no",
    "training.warmup_steps": 7.0,
    "training.max_steps": 8,
    "training.seed": 7,
    "training.data_seed": 8,
    "peft.target_modules": "mlp",
    "peft.layers_to_transform": [0],
    "peft.rank_pattern": {"query": 4},
    "peft.alpha_pattern": {"query": 4},
    "peft.velora_config": {"num_groups": 8},
    "peft.kasa_config": {"beta": 0.5},
    "peft.monteclora_config": {"num_samples": 3},
    "peft.use_bdlora": {"nblocks": 2},
    "peft.runtime_config": {"ephemeral_gpu_offload": True},
    "peft.megatron_config": {"other": 1},
    "peft.init_lora_weights": "gaussian",
    "backbone.attention_modules": ["q"],
    "backbone.mlp_modules": ["w"],
}
# TrainingArguments wants other hardware, packages or files for these: that the value is handed over is all to be seen.
NOT_BUILDABLE = {
    f"training.{name}"
    for name in (
        "tf32 fp16 bf16 fsdp fsdp_config deepspeed parallelism_config use_liger_kernel "
        "liger_kernel_config torch_compile torch_compile_backend torch_compile_mode ddp_backend "
        "enable_jit_checkpoint load_best_model_at_end full_determinism eval_strategy save_strategy"
    ).split()
}


# gliclass keeps it under another name.
STORED_AS = {"encoder_model": "encoder_model_name"}

# It chooses the class; each class then says itself what it is.
CHOOSES_CLASS = {"model.span_mode"}


def second_value(key: Key, now: Any) -> Any:
    """Another legal value."""
    if key.path in SECOND:
        return SECOND[key.path]
    if key.limits.choices:
        return next(choice for choice in key.limits.choices if choice not in (now, None))
    hint = str(key.hint)
    if isinstance(now, bool) or "bool" in hint:
        return not now
    if isinstance(now, (int, float)) or "int" in hint or "float" in hint:
        at_least = max(bound for bound in (key.limits.minimum, key.limits.above, 0) if bound is not None)
        if "int" in hint:
            return int(now or at_least) + 1
        return (now or at_least) / 2 if now else at_least + 0.25
    if "list" in hint:
        return ["other"]
    return "dict" if hint.startswith("dict") else {"other": 1} if key.limits.kinds == ("dict",) else "other"


def changed(config: Config, key: str, value: Any) -> Config:
    new = copy.deepcopy(config)
    *parents, leaf = key.split(".")
    section: Any = new
    for parent in parents:
        section = getattr(section, parent)
    setattr(section, leaf, value)
    return new


def held(built: Any, way: Route) -> Any:
    """What the destination object really holds."""
    stored = STORED_AS.get(way.attribute, way.attribute) if way.object == GLICLASS_CONFIG else way.attribute
    found = built.get(stored) if isinstance(built, dict) else getattr(built, stored)
    return found.to_dict() if hasattr(found, "to_dict") else found


def build(name: str, way: Route, routed: Routed) -> Any:
    values = copy.deepcopy(routed.objects[way.object])
    if way.object == GLINER_CONFIG:
        values.pop("model_type", None)
        return CLASSES[name](**{key: value for key, value in values.items() if value is not None})
    if way.object == GLICLASS_CONFIG:
        return GLiClassModelConfig(**values)
    if way.object == RL_CONFIG:
        return RLTrainerConfig("unused", report_to="none", **values)
    if way.object == TRAINING_ARGUMENTS and name.startswith("classification"):
        known = {field.name for field in dataclasses.fields(GliclassArguments)}
        return GliclassArguments(**{key: value for key, value in values.items() if key in known})
    if way.object == TRAINING_ARGUMENTS:
        return TrainingArguments(**{**values, "output_dir": values["output_dir"] or "unused"})
    if way.object == "LoraConfig":
        if values["use_dora"]:
            values.pop("megatron_config")  # peft refuses the two together
        if isinstance(values["target_modules"], str):  # peft takes text for a pattern; gliexp hands it names
            values["target_modules"] = values["target_modules"].split("+")
        return LoraConfig(**{key: value for key, value in values.items() if value is not None})
    if way.object == "EarlyStoppingCallback":
        return transformers.EarlyStoppingCallback(**{key: value or 1 for key, value in values.items()})
    return values


class Unchanged:
    """A setup's config as it is, where its values go, and the destination objects, each built once."""

    def __init__(self, name: str, overrides: list[str]) -> None:
        self.name = name
        self.config = compose(overrides, environment=False).config
        self.routed = route(self.config)
        self._built: dict[str, Any] = {}

    def held(self, way: Route) -> Any:
        if way.object not in self._built:
            self._built[way.object] = build(self.name, way, self.routed)
        return held(self._built[way.object], way)


@cache
def composed(overrides: tuple[str, ...]) -> Config:
    """The config of these overrides, to read from."""
    return compose(overrides, environment=False).config


def _arrives(overrides: list[str], before: Unchanged, key: Key, way: Route) -> bool:
    name, config = before.name, before.config
    new = second_value(key, value_at(config, key.path))
    other = changed(config, key.path, new)
    if way.object == CONFIG and key.path.startswith("training.") and name != "ner":
        return True  # carried whatever the task: seen once is enough
    if way.object == CONFIG:
        shown = str(new).replace("'", "").replace("True", "true")
        # An old name beside today's would be refused: it is looked at without the setup.
        setup = [] if key.path.startswith("training.") else overrides
        again = compose([*setup, f"{key.path}={shown}"], environment=False).config
        return bool(value_at(again, way.attribute) != value_at(composed(tuple(setup)), way.attribute))
    if way.object not in OBJECTS:
        return reads(way.object, key.path)
    after = route(other)
    if key.path in CHOOSES_CLASS or key.path in NOT_BUILDABLE or (way.object == TRAINING_ARGUMENTS and name != "ner"):
        return bool(after.objects[way.object][way.attribute] != before.routed.objects[way.object][way.attribute])
    return bool(held(build(name, way, after), way) != before.held(way))


def reads(module: str, key: str) -> bool:
    """Whether a module's source takes the key's last name from something."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return False
    tree = ast.parse(Path(spec.origin).read_text())
    return any(isinstance(node, ast.Attribute) and node.attr == key.rsplit(".", 1)[-1] for node in ast.walk(tree))


@pytest.mark.parametrize("name", SETUPS)
def test_every_leaf_arrives_or_is_inert(name: str) -> None:
    overrides = [*SETUPS[name], "training.dataloader_num_workers=2"]
    before = Unchanged(name, overrides)
    dead = {item.key: item.reason for item in before.routed.inert}
    lost = []
    for path, key in index().items():
        if path in dead:
            assert dead[path]
            continue
        way = table(before.config.run.task).get(path)
        if way is None or (not _arrives(overrides, before, key, way)):
            lost.append(f"{path} → {way and way.object}.{way and way.attribute}")
    assert lost == []


def test_no_leaf_is_unlisted() -> None:
    always_dead = {path for path in index() if path not in table() and path not in table("classification")}
    dead_everywhere = set(index())
    for overrides in SETUPS.values():
        dead_everywhere &= {item.key for item in route(compose(overrides, environment=False).config).inert}
    assert always_dead <= dead_everywhere


def test_every_rule_names_keys_that_exist() -> None:
    from gliexp.config.inert import RULES

    assert {key for rule in RULES for key in rule.keys} <= set(index())


def test_the_streaming_class_is_named() -> None:
    assert route(compose(["task=streaming"]).config).objects[GLINER_CONFIG]["model_type"] == "gliner_streaming_span"
    assert "model_type" not in route(compose().config).objects[GLINER_CONFIG]


@pytest.mark.parametrize(
    ("overrides", "arrives"),
    [
        ([], "adamw_torch_fused"),
        (["training.fused_adamw=false"], "adamw_torch"),
        (["optimizer=adafactor"], "adafactor"),
    ],
)
def test_plain_adamw_steps_by_one_kernel_unless_told_otherwise(overrides: list[str], arrives: str) -> None:
    config = compose(overrides, environment=False).config
    assert route(config).objects[TRAINING_ARGUMENTS]["optim"] == arrives
    dead = {item.key for item in route(config).inert}
    assert ("training.fused_adamw" in dead) == (overrides == ["optimizer=adafactor"])
