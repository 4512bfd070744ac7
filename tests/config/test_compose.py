"""compose(): what the defaults give, what outweighs what, and that one refusal names everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliexp.config import compose as module
from gliexp.config.compose import Composed, compose
from gliexp.errors import Refusal

UNIFIED = """\
model:
  model_name: "jhu-clsp/mmBERT-base"
  fine_tune: true
  span_mode: "token_level"
  max_len: 1024
  max_width: 100
  post_fusion_schema: ""
  labels_decoder: null
  decoder_mode: "span"
  relations_layer: null
  encoder_config: null
peft:
  enabled: true
  method: "lora"
  r: 16
  target_modules: null
data:
  train_data: "data/train.json"
  val_data: "data/valid.json"
  format: "json"
  fields:
    tokens: "tokens"
    ner: "ner_tags"
  long_doc_chunking:
    enabled: false
    max_words: 200
    stride: 50
training:
  output_dir: "models"
  overwrite_output_dir: false
  learning_rate: 1e-5
  adam_epsilon: 1e-8
  per_device_train_batch_size: 80
  warmup_ratio: 0.05
  warmup_steps: 0
  bf16: true
  group_by_length: false
  report_to: ["wandb"]
  evaluation_strategy: "steps"
  eval_steps: 2500
  push_to_hub: true
  hub_model_id: "owner/name"
  hub_token: "<HUB_TOKEN>"
  masking: "none"
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    file = tmp_path / "experiment" / "unified.yaml"
    file.parent.mkdir()
    file.write_text(UNIFIED)
    return file


def refused(*overrides: str, **options: object) -> dict[str, str]:
    """Key → the whole line of each problem."""
    with pytest.raises(Refusal) as caught:
        compose(overrides, **options)  # type: ignore[arg-type]
    return {problem.key: str(problem) for problem in caught.value.problems}


def test_no_arguments() -> None:
    composed = compose()
    config = composed.config
    assert (config.run.task, config.model.model_name, config.model.span_mode) == ("ner", "tiny", "markerV0")
    assert (config.data.train_data, config.data.val_data, config.data.test_data) == ("sample",) * 3
    assert not config.peft.enabled
    assert config.training.eval_strategy != "no"
    assert composed.notices == ()
    assert composed.name == "tiny-markerV0"


def test_own_data_alone_switches_the_whole_sample_off() -> None:
    config = compose(["data.train_data=mine.jsonl"], environment=False).config
    assert (config.data.train_data, config.data.val_data, config.data.test_data) == ("mine.jsonl", None, None)
    config = compose(["data.train_data=[a,b]", "data.val_data=v", "data.test_data=t"], environment=False).config
    assert (config.data.train_data, config.data.val_data, config.data.test_data) == (["a", "b"], "v", "t")


@pytest.mark.parametrize(
    ("task", "key", "value"),
    [
        ("biencoder", "labels_encoder", "tiny"),
        ("decoder", "labels_decoder", "tiny_causal"),
        ("relex", "relations_layer", "none"),
        ("streaming", "model_name", "tiny_causal"),
    ],
)
def test_task_groups(task: str, key: str, value: str) -> None:
    assert getattr(compose([f"task={task}"]).config.model, key) == value


def test_streaming_brings_its_span_mode_unless_one_is_named() -> None:
    assert compose(["task=streaming"]).config.model.span_mode == "markerV2"
    assert compose(["task=streaming", "span_mode=query"]).config.model.span_mode == "query"


def test_rates_follow_from_pretrained() -> None:
    scratch = compose(["backbone=minilm"], environment=False).config
    going_on = compose(["backbone=minilm", "model.from_pretrained=some/model"], environment=False).config
    assert scratch.training.learning_rate == scratch.backbone.learning_rate
    assert going_on.training.learning_rate == going_on.backbone.finetune_learning_rate
    assert going_on.training.others_lr == going_on.backbone.finetune_others_lr
    assert scratch.training.learning_rate != going_on.training.learning_rate


def test_spellings_are_corrected_with_a_notice() -> None:
    for spelling in ("token-level", "token_level"):
        composed = compose([f"span_mode={spelling}"])
        assert composed.config.model.span_mode == "token_level"
    assert compose(["span_mode=token-level"]).notices == ("span_mode=token-level is read as span_mode=token_level",)
    assert compose(["span_mode=markerV1"]).config.model.span_mode == "markerV1"


def test_floats_without_a_dot(experiment: Path) -> None:
    for overrides in (["training.learning_rate=1e-5"], [f"experiment={experiment}"]):
        rate = compose(overrides, environment=False).config.training.learning_rate
        assert isinstance(rate, float)
        assert rate == 1e-5


def _is_the_unified_one(composed: Composed) -> None:
    config = composed.config
    assert config.model.span_mode == "token_level"
    assert config.training.eval_strategy == "steps"
    assert config.training.adam_epsilon == 1e-8
    assert config.training.hub_token is None
    assert config.run.name == "unified"
    assert (config.backbone.name, config.backbone.source) == ("mmbert_base", "hub")
    assert config.data.fields.tokens == "tokens"
    assert config.data.fields.relations == "relations"


def test_the_specification_as_a_path_and_as_a_name(experiment: Path) -> None:
    by_path = compose([f"experiment={experiment}"], environment=False)
    by_name = compose(["experiment=unified"], [experiment.parent.parent], environment=False)
    plus = compose(["+experiment=unified"], [experiment.parent.parent], environment=False)
    for composed in (by_path, by_name, plus):
        _is_the_unified_one(composed)
    assert by_path.tree == by_name.tree
    said = " ".join(by_path.notices)
    assert "training.evaluation_strategy is carried to training.eval_strategy=steps" in said
    assert "<HUB_TOKEN> is a placeholder" in said
    assert "backbone=mmbert_base" in said


def test_a_group_on_the_command_line_outweighs_the_experiment(experiment: Path) -> None:
    composed = compose([f"experiment={experiment}", "span_mode=marker_v1", "peft=none"], environment=False)
    assert composed.config.model.span_mode == "markerV1"
    assert not composed.config.peft.enabled
    swapped = compose(["peft=none", f"experiment={experiment}", "span_mode=marker_v1"], environment=False)
    assert swapped.tree == composed.tree
    keys = compose([f"experiment={experiment}", "span_mode=mlp", "model.span_mode=cat"], environment=False)
    assert keys.config.model.span_mode == "cat"


def test_an_unknown_encoder_takes_no_built_in_recipe() -> None:
    config = compose(["model.model_name=someone/encoder"], environment=False).config
    assert (config.backbone.name, config.backbone.source, config.backbone.model_name) == (
        "encoder",
        "hub",
        "someone/encoder",
    )
    assert config.backbone.attention_modules == []


def test_ten_mixed_mistakes_in_one_refusal() -> None:
    found = refused(
        "lora_r=4",
        "trainig.lr=3",
        "backbone=tinny",
        "taks=ner",
        "training.learning_rate=abc",
        "training.num_train_epochs=-1",
        "model.span_mode=fancy",
        "peft.target_modules=[a",
        "data.val_data=nowhere.jsonl",
        "model.labels_encoder=x",
        "oops",
        "optimizer=adamw,sgd",
        "training.hub_tokn=hf_PLANTEDmisspelt1",
    )
    assert set(found) == {
        "lora_r", "trainig.lr", "backbone", "taks", "training.learning_rate", "training.num_train_epochs",
        "model.span_mode", "peft.target_modules", "data.val_data", "model.labels_encoder", "oops", "optimizer",
        "training.hub_tokn",
    }  # fmt: skip
    assert "did you mean peft.r?" in found["lora_r"]
    assert "did you mean training.learning_rate?" in found["trainig.lr"]
    assert "did you mean tiny?" in found["backbone"]
    assert "did you mean task?" in found["taks"]
    assert "marker, markerV0" in found["model.span_mode"]
    assert "above 0" in found["training.num_train_epochs"]
    assert "-m to sweep" in found["optimizer"]
    assert all("[command line]" in line for line in found.values())
    assert "PLANTED" not in " ".join(found.values())


def test_mistakes_in_an_experiment_are_named_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        "defaults:\n  - override /backbone: tinny\n  - override /bakbone: tiny\n"
        "training:\n  lerning_rate: 3\n  num_train_epochs: many\n"
        "model:\n  dropout: 2\nlora:\n  r: 4\ndata: sample\n"
    )
    found = refused(f"experiment={file}", "training.max_steps=x")
    assert f"[{file}:5]" in found["training.lerning_rate"]
    assert f"[{file}:6]" in found["training.num_train_epochs"]
    assert f"[{file}:8]" in found["model.dropout"]
    assert f"[{file}:10]" in found["lora.r"]
    assert "did you mean peft.r?" in found["lora.r"]
    assert f"[{file}:11]" in found["data"]
    assert f"[{file}:1]" in found["backbone"]
    assert "bakbone" in found
    assert "training.max_steps" in found


def test_broken_yaml_and_missing_experiments(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("training:\n  seed: 1\n bad: [\n")
    assert f"{file}:3" in refused(f"experiment={file}")["broken.yaml"]
    near = refused(f"experiment={tmp_path}/brokn.yaml")["experiment"]
    assert "no file" in near
    assert f"did you mean {file}?" in near
    assert "no option 'nope'" in refused("experiment=nope")["experiment"]


def test_missing_files_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("")
    line = refused(f"data.train_data={tmp_path}/trian.jsonl")["data.train_data"]
    assert f"did you mean {tmp_path}/train.jsonl?" in line
    assert refused("data=files")["data.train_data"].startswith("data.train_data: no training data")


def test_plus_and_tilde() -> None:
    assert compose(["+training.max_steps=5"]).config.training.max_steps == 5
    assert "cannot be deleted" in refused("~training.max_steps")["training.max_steps"]
    assert "unknown key" in refused("+training.foo=1")["training.foo"]
    config = compose(["model.encoder_config.num_hidden_layers=1"]).config
    assert config.model.encoder_config == {"num_hidden_layers": 1}


def test_interpolations_that_fail_or_give_wrong_values() -> None:
    found = refused("run.notes=${nothing.here}", "training.max_steps=${run.task}")
    assert "cannot be resolved" in found["run.notes"]
    assert compose(["training.max_steps=${run.seed}"]).config.training.max_steps == 42


def test_mappings_on_the_command_line() -> None:
    config = compose(["data.fields={tokens: words, ner: ents}"]).config
    assert (config.data.fields.tokens, config.data.fields.ner, config.data.fields.text) == ("words", "ents", "text")
    assert "data.fields.wrds" in refused("data.fields={wrds: x}")


def test_notice_for_an_explicit_key_without_effect() -> None:
    notices = compose(["span_mode=token_level", "training.masking=none"]).notices
    assert notices == ("training.masking has no effect: token-level models ignore it",)


def test_the_order_of_overrides_does_not_matter() -> None:
    forth = ["task=relex", "peft=lora", "training.max_steps=3", "span_mode=token_level"]
    assert compose(forth).tree == compose(forth[::-1]).tree


def test_typed_equals_tree() -> None:
    composed = compose(["task=biencoder"])
    assert module.typed(composed.tree) == composed.config


def test_the_start_of_an_option_s_name_is_enough_to_be_told_the_options() -> None:
    with pytest.raises(Refusal) as caught:
        compose(["backbone=deberta"])
    assert caught.value.problems[0].nearest == "deberta_v3_base or deberta_v3_large or deberta_v3_small"
