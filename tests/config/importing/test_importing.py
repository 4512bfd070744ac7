"""Importing: what every kind of file becomes, and that nothing in it goes unmentioned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gliexp.config.compose import Composed, compose
from gliexp.config.importing import Imported, experiment_of, text
from gliexp.config.importing.names import leaves
from gliexp.config.importing.placing import place
from gliexp.config.importing.reading import read
from gliexp.config.importing.reducing import LEFT_OUT, SET
from gliexp.config.routing import value_at
from gliexp.errors import Refusal

TOKEN = "hf_PLANTEDtokenPLANTED"

NESTED = """\
model:
  model_name: microsoft/deberta-v3-small # Hugging Face model
  name: "span level gliner"
  max_width: 14
  hidden_size: 768
  dropout: 0.3
  post_fusion_schema: null
  span_mode: markerV0
  max_len: 500
data:
  root_dir: logs
  train_data: "train.json"
  val_data_dir: "none"
training:
  prev_path: null
  num_steps: 15000
  train_batch_size: 6
  eval_every: 500
  warmup_steps: 0.05
  scheduler_type: "cosine"
  loss_alpha: 0.7
  loss_gamma: 0
  lr_encoder: 1e-5
  lr_others: 3e-5
  weight_decay_other: 0.02
  size_sup: -1
  shuffle_types: true
  freeze_components: ['text_encoder']
"""
FLAT = """\
model_name: microsoft/deberta-v3-base
span_mode: marker
num_steps: 100
train_batch_size: "4"
eval_every: 50
warmup_ratio: 30
lr_encoder: "1e-5"
lr_others: '5e-5'
has_rnn: true
freeze_token_rep: false
root_dir: logs
train_data: train.json
val_data_dir: none
prev_path: none
size_sup: -1
random_drop: true
labels_encoder: "none"
"""


def imported(tmp_path: Path, content: str, name: str = "source.yaml") -> Imported:
    file = tmp_path / name
    file.write_text(content, encoding="utf-8")
    return experiment_of(file)


def composed(tmp_path: Path, experiment: Imported) -> Composed:
    """What the written file composes to."""
    file = tmp_path / "experiment.yaml"
    file.write_text(text(experiment), encoding="utf-8")
    return compose([f"experiment={file}"], environment=False)


def accounted(experiment: Imported) -> None:
    names = [name for name, _ in leaves(experiment.source.content)]
    assert [fate.name for fate in experiment.fates] == names
    written = text(experiment)
    for fate in experiment.fates:
        assert fate.kind != LEFT_OUT or fate.note, f"{fate.name} is left out without a reason"
        if fate.kind == SET:
            group, equals, option = fate.target.partition("=")
            assert (
                f"override /{group}: {option}" if equals else f"{group.split(', ')[0].rpartition('.')[2]}:"
            ) in written
        else:
            assert fate.name in written


def only_what_differs(tmp_path: Path, experiment: Imported) -> None:
    """No key of the file has the value that it would have without the file."""
    groups = [f"{group}={option}" for group, option in experiment.groups.items()]
    without = compose(groups, environment=False)
    with_it = composed(tmp_path, experiment)
    for key in experiment.keys:
        follows = "${" in str(without.report.chain[key][-1].value) if key in without.report.chain else False
        assert follows or value_at(without.config, key) != value_at(with_it.config, key), key


def test_gliner_s_nested_yaml(tmp_path: Path) -> None:
    found = imported(tmp_path, NESTED)
    assert found.groups == {"backbone": "deberta_v3_small"}
    assert found.keys == {
        "run.root": "logs",
        "model.fine_tune": False,
        "model.dropout": 0.3,
        "model.max_len": 500,
        "model.max_width": 14,
        "data.train_data": "train.json",
        "training.per_device_train_batch_size": 6,
        "training.max_steps": 15000,
        "training.learning_rate": 1e-5,
        "training.lr_scheduler_type": "cosine",
        "training.eval_strategy": "steps",
        "training.others_lr": 3e-5,
        "training.others_weight_decay": 0.02,
        "training.focal_loss_alpha": 0.7,
        "training.warmup_ratio": 0.05,
    }
    written = text(found)
    assert "warmup_ratio: 0.05  # warmup_steps: 0.05 is a share of the steps" in written
    assert "max_steps: 15000  # training.num_steps" in written
    assert "size_sup: -1" in written
    config = composed(tmp_path, found).config
    assert (config.training.eval_steps, config.training.save_steps) == (500, 500)
    accounted(found)
    only_what_differs(tmp_path, found)


def test_gliner_s_older_flat_yaml(tmp_path: Path) -> None:
    found = imported(tmp_path, FLAT)
    config = composed(tmp_path, found).config
    assert config.backbone.name == "deberta_v3_base"
    assert (config.training.max_steps, config.training.per_device_train_batch_size) == (100, 4)
    assert (config.training.learning_rate, config.training.others_lr) == (1e-5, 5e-5)
    assert (config.training.warmup_steps, config.model.num_rnn_layers, config.model.span_mode) == (30, 1, "marker")
    assert (config.model.from_pretrained, config.data.val_data, config.model.labels_encoder) == (None, None, None)
    assert config.model.fine_tune
    accounted(found)
    only_what_differs(tmp_path, found)


VALUES = {
    "model_name": ("bert-base-uncased", "model.model_name"),
    "fine_tune": (False, "model.fine_tune"),
    "span_mode": ("token_level", "model.span_mode"),
    "ent_token": ("<<E>>", "model.ent_token"),
    "sep_token": ("<<S>>", "model.sep_token"),
    "max_len": (300, "model.max_len"),
    "max_width": (9, "model.max_width"),
    "max_types": (33, "model.max_types"),
    "max_neg_type_ratio": (3, "model.max_neg_type_ratio"),
    "dropout": (0.35, "model.dropout"),
    "hidden_size": (128, "model.hidden_size"),
    "labels_encoder": ("some/encoder", "model.labels_encoder"),
    "labels_decoder": ("some/decoder", "model.labels_decoder"),
    "relations_layer": ("dot", "model.relations_layer"),
    "others_lr": (7e-5, "training.others_lr"),
    "learning_rate": (3e-6, "training.learning_rate"),
    "others_weight_decay": (0.03, "training.others_weight_decay"),
    "weight_decay": (0.04, "training.weight_decay"),
    "per_device_train_batch_size": (5, "training.per_device_train_batch_size"),
    "per_device_eval_batch_size": (7, "training.per_device_eval_batch_size"),
    "num_train_epochs": (4.0, "training.num_train_epochs"),
    "max_steps": (77, "training.max_steps"),
    "warmup_ratio": (0.07, "training.warmup_ratio"),
    "warmup_steps": (11, "training.warmup_steps"),
    "logging_steps": (13, "training.logging_steps"),
    "save_steps": (17, "training.save_steps"),
    "eval_steps": (19, "training.eval_steps"),
    "report_to": (["wandb"], "training.report_to"),
    "run_name": ("mine", "training.run_name"),
    "output_dir": ("somewhere", "training.output_dir"),
    "push_to_hub": (True, "training.push_to_hub"),
    "hub_model_id": ("user/model", "training.hub_model_id"),
    "hub_strategy": ("checkpoint", "training.hub_strategy"),
    "hub_private_repo": (True, "training.hub_private_repo"),
    "load_best_model_at_end": (False, "training.load_best_model_at_end"),
    "seed": (5, "run.seed"),
    "dataloader_num_workers": (2, "training.dataloader_num_workers"),
    "gradient_checkpointing": (True, "training.gradient_checkpointing"),
}
"""Field of the specification's table "W&B Export Field Mapping" → a value that is no default, and its key."""
EXPORTS = {
    "relex": {"relations_layer"},
    "decoder": {"labels_decoder"},
    "biencoder, by steps": {"labels_encoder", "warmup_steps", "max_steps", "eval_steps", "save_steps"},
}
"""The fields that do not go with all the others, by the export that has them."""
BESIDE = {
    "biencoder, by steps": {"evaluation_strategy": "steps", "save_strategy": "steps", "save_steps": 38},
    "rest": {"label_sampling": "sampled"},
}
FORMS = {
    "desc and value": lambda content: (
        {"_wandb": {"desc": None, "value": {"cli_version": "0.16"}}}
        | {name: {"desc": None, "value": value} for name, value in content.items()}
    ),
    "value": lambda content: {name: {"value": value} for name, value in content.items()},
    "plain": lambda content: {"wandb_version": 1} | content,
}


@pytest.mark.parametrize("export", [*EXPORTS, "rest"])
def test_the_specification_s_table_of_a_wandb_export(export: str, tmp_path: Path) -> None:
    apart = set().union(*EXPORTS.values())
    fields = EXPORTS.get(export, set(VALUES) - apart)
    content = {field: VALUES[field][0] for field in VALUES if field in fields}
    if "token_level" in content.values():
        del content["max_width"]  # which span models alone have
    if export == "relex":
        content["max_width"] = VALUES["max_width"][0]
    found = imported(tmp_path, yaml.safe_dump(FORMS["desc and value"](content | BESIDE.get(export, {}))))
    config = composed(tmp_path, found).config
    kinds = {fate.name: fate.kind for fate in found.fates}
    for field, value in (content | BESIDE.get(export, {})).items():
        if field in VALUES:
            assert value_at(config, VALUES[field][1]) == value, field
            assert kinds[field] == SET, field
    accounted(found)


def test_the_forms_of_a_wandb_export_say_the_same(tmp_path: Path) -> None:
    content = {
        "model_name": "microsoft/deberta-v3-small",
        "max_steps": 5,
        "evaluation_strategy": "steps",
        "eval_steps": 5,
    }
    said = []
    for name, written in (("config.yaml", yaml.safe_dump), ("config.json", json.dumps)):
        for form in FORMS.values():
            (tmp_path / name).write_text(written(form(content)))
            source = read(tmp_path / name)
            assert source.kind == "Weights & Biases export"
            placed = [item for item in place(source) if "wandb" not in item.name]
            said.append(sorted(placed, key=lambda item: item.name))
    assert len(said[0]) == len(content)
    assert all(one == said[0] for one in said)


def test_blemishes_of_copied_files(tmp_path: Path) -> None:
    content = (
        "```yaml\n"
        "model:\n"
        "\tmodel_name: 'microsoft/deberta-v3-small'\n"
        "\tspan_mode: token-level  # 【8†L311-L317】\n"
        "\tlabels_encoder: none\n"
        "\tdropout: '0.25'\n"
        "training:\n"
        '\treport_to: ["wandb"]【8†L311-L317】\n'
        "\tlearning_rate: 2e-5 [3]\n"
        "\tmax_steps: '1e3'\n"
        "\tper_device_train_batch_size: 12.0\n"
        "\tlr_scheduler_type: SchedulerType.COSINE\n"
        "\tbf16: 'True'\n"
        "\tmax_grad_norm: 5.0*\n"
        "```\n"
    )
    found = imported(tmp_path, content)
    config = composed(tmp_path, found).config
    assert (config.model.span_mode, config.model.labels_encoder, config.model.dropout) == ("token_level", None, 0.25)
    training = config.training
    assert (training.report_to, training.learning_rate, training.max_steps) == (["wandb"], 2e-5, 1000)
    assert (training.per_device_train_batch_size, training.lr_scheduler_type) == (12, "cosine")
    assert (training.bf16, training.max_grad_norm) == (True, 5.0)
    accounted(found)


LORA = """\
run: {name: mine, description: words, tags: [a], seed: 123}
model: {model_name: microsoft/deberta-v3-base, span_mode: markerV0}
data: {train_data: train.json, val_data_dir: dev.json}
lora: {enabled: true, r: 8, lora_alpha: 16, target_modules: [q_proj, v_proj], task_type: TOKEN_CLS}
environment: {report_to: wandb, wandb_project: mine, push_to_hub: false, WANDB_API_KEY: PLANTED}
"""


def test_a_lora_template(tmp_path: Path) -> None:
    found = imported(tmp_path, LORA)
    assert found.groups == {"backbone": "deberta_v3_base", "peft": "lora", "tracking": "wandb"}
    config = composed(tmp_path, found).config
    assert (config.peft.r, config.peft.lora_alpha) == (8, 16)
    assert config.peft.target_modules == ["query_proj", "value_proj"]
    assert (config.run.name, config.run.notes, config.run.seed, config.training.seed) == ("mine", "words", 123, 123)
    assert config.tracking.project == "mine"
    assert "PLANTED" not in text(found)
    assert "written q_proj, v_proj" in text(found)
    accounted(found)


@pytest.mark.parametrize(
    ("field", "value"),
    [("hub_token", TOKEN), ("push_to_hub_token", TOKEN), ("hf_token", "secret-of-mine"), ("notes", f"with {TOKEN}")],
)
def test_tokens_are_left_behind(field: str, value: str, tmp_path: Path) -> None:
    found = imported(tmp_path, yaml.safe_dump({"max_steps": 5, "learning_rate": 1e-4, field: value}))
    assert value not in text(found)
    assert TOKEN not in text(found)
    accounted(found)


def test_what_contradicts_is_left_out_with_the_reason(tmp_path: Path) -> None:
    content = {
        "output_dir": "o",
        "learning_rate": 1e-4,
        "fp16": True,
        "bf16": True,
        "neftune_noise_alpha": 5,
        "dataloader_prefetch_factor": 4,
        "push_to_hub": True,
        "evaluation_strategy": "steps",
        "save_strategy": "epoch",
    }
    found = imported(tmp_path, json.dumps(content), "training_args.json")
    left = {fate.name: fate.note for fate in found.fates if fate.kind == LEFT_OUT}
    assert "bf16 is on too" in left["fp16"]
    assert "crashes in gliner" in left["neftune_noise_alpha"]
    assert "dataloader_num_workers" in left["dataloader_prefetch_factor"]
    assert "push_to_hub" in left
    config = composed(tmp_path, found).config
    assert (config.training.bf16, config.training.eval_strategy, config.training.save_strategy) == (
        True,
        "steps",
        "epoch",
    )
    accounted(found)


def test_two_names_for_one_key(tmp_path: Path) -> None:
    found = imported(tmp_path, "training: {lr_encoder: 1e-5, learning_rate: 2e-5, num_steps: 9, max_steps: 9}\n")
    assert found.keys["training.learning_rate"] == 2e-5
    left = {fate.name: fate.note for fate in found.fates if fate.kind == LEFT_OUT}
    assert left == {
        "training.lr_encoder": "training.learning_rate is given as training.learning_rate too, with another value"
    }


def test_transformers_arguments(tmp_path: Path) -> None:
    from transformers import TrainingArguments

    arguments = TrainingArguments(
        output_dir="out", learning_rate=3e-5, warmup_steps=7, report_to=[], eval_strategy="epoch"
    )
    found = imported(tmp_path, arguments.to_json_string(), "training_args.json")
    assert found.source.kind == "HF TrainingArguments"
    config = composed(tmp_path, found).config
    assert (config.training.learning_rate, config.training.warmup_steps) == (3e-5, 7)
    assert config.training.output_dir == "out"
    assert "training.accelerator_config" not in found.keys
    accounted(found)
    only_what_differs(tmp_path, found)


def _gliner_configs() -> dict[str, Any]:
    from gliner import config

    return {
        "ner": config.UniEncoderSpanConfig(model_name="microsoft/deberta-v3-small"),
        "ner tokens": config.UniEncoderTokenConfig(model_name="microsoft/deberta-v3-small", span_mode="token_level"),
        "biencoder": config.BiEncoderSpanConfig(model_name="a/b", labels_encoder="c/d"),
        "decoder": config.UniEncoderSpanDecoderConfig(model_name="a/b", labels_decoder="c/d", decoder_mode="span"),
        "relex": config.UniEncoderSpanRelexConfig(model_name="a/b", relations_layer="dot"),
    }


@pytest.mark.parametrize("task", ["ner", "ner tokens", "biencoder", "decoder", "relex"])
def test_a_saved_gliner_config(task: str, tmp_path: Path) -> None:
    content = _gliner_configs()[task].to_dict()
    found = imported(tmp_path, json.dumps(content, default=str), "gliner_config.json")
    assert found.source.kind == "saved GLiNER config"
    config = composed(tmp_path, found).config
    assert config.run.task == task.split()[0]
    assert config.model.model_name == content["model_name"]
    assert config.model.span_mode == content["span_mode"]
    accounted(found)
    only_what_differs(tmp_path, found)


def test_a_saved_gliclass_config(tmp_path: Path) -> None:
    from gliclass import GLiClassModelConfig
    from transformers import DebertaV2Config

    saved = GLiClassModelConfig(
        encoder_config=DebertaV2Config(),
        encoder_model="microsoft/deberta-v3-small",
        scorer_type="mlp",
        max_num_classes=9,
    )
    found = imported(tmp_path, saved.to_json_string(), "config.json")
    assert found.groups == {"task": "classification", "backbone": "deberta_v3_small"}
    config = composed(tmp_path, found).config
    assert (config.model.scorer_type, config.model.problem_type) == ("mlp", "single_label_classification")
    accounted(found)
    only_what_differs(tmp_path, found)


def test_a_saved_adapter_config(tmp_path: Path) -> None:
    content = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["query", "value"], "use_dora": True}
    found = imported(tmp_path, json.dumps(content), "adapter_config.json")
    assert found.groups == {"peft": "dora"}
    config = composed(tmp_path, found).config
    assert (config.peft.r, config.peft.lora_alpha, config.peft.target_modules) == (4, 8, ["query", "value"])
    accounted(found)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no mapping"),
        ("- a\n- b\n", "no mapping"),
        ("just words", "no mapping"),
        ("a: [1\n", "not valid YAML"),
        ("flour: 500\nwater: 320\n", "nothing in it is a setting"),
    ],
)
def test_what_is_no_config_is_refused(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=said):
        imported(tmp_path, content)


def test_none_is_a_scorer_or_null_as_the_file_writes_it(tmp_path: Path) -> None:
    meant = imported(tmp_path, "model: {model_name: a/b, relations_layer: none, labels_encoder: null}\n")
    assert meant.groups == {"task": "relex"}
    null = imported(tmp_path, "model: {model_name: a/b, relations_layer: none, labels_encoder: none}\n")
    assert null.groups == {}
    assert composed(tmp_path, null).config.model.relations_layer is None


def test_values_as_people_write_them(tmp_path: Path) -> None:
    found = imported(
        tmp_path, "run: {tags: 'a, b'}\nmodel: {max_len: '1,024'}\ntraining: {max_steps: 1_000, save_steps: none}\n"
    )
    assert found.keys == {"run.tags": ["a", "b"], "model.max_len": 1024, "training.max_steps": 1000}
    wrong = imported(tmp_path, "training: {max_steps: 5, lr_scheduler_type: cosine_with_restart}\n")
    (left,) = [fate for fate in wrong.fates if fate.kind == LEFT_OUT]
    assert "nearest is cosine_with_restarts" in left.note


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="cannot be read"):
        read(tmp_path / "none.yaml")


def test_names_of_saved_configs_are_known_as_such() -> None:
    from transformers import GenerationConfig, PretrainedConfig

    from gliexp.config.importing.unplaced import BACKBONE, PRETRAINED

    known = PRETRAINED | BACKBONE | {"_name_or_path", "model_type", "problem_type"}
    assert set(PretrainedConfig().to_dict()) | set(GenerationConfig().to_dict()) <= known
    assert not PRETRAINED & BACKBONE
