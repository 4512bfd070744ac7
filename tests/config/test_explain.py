"""explain: every kind of layer, the way to the destination, and what has an effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliexp.config import secrets
from gliexp.config.compose import Composed, compose
from gliexp.config.explain import Explanation, difference, explain
from gliexp.config.groups import Groups
from gliexp.config.keys import index
from gliexp.config.layers import Chains, masked
from gliexp.config.routing import value_at
from gliexp.config.selection import select
from gliexp.errors import Refusal

ROOT = Path(__file__).resolve().parents[2]
Rows = list[tuple[int, str, str, str, Any, str]]


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    secrets.forget()


def at(file: str, start: str) -> str:
    """file:line of the first line that begins so, spaces aside."""
    for number, line in enumerate(Path(file).read_text().splitlines(), 1):
        if line.strip().startswith(start):
            return f"{file}:{number}"
    raise AssertionError(f"{file} has no line {start}")


def explained(key: str, *overrides: str) -> Explanation:
    return explain(compose(overrides, environment=False), [key])[0]


def rows(found: Explanation) -> Rows:
    return [(layer.depth, layer.key, layer.layer, layer.where, layer.value, layer.note) for layer in found.layers]


def chosen(group: str) -> str:
    return f"chosen by {at('conf/config.yaml', f'- {group}:')}"


def test_the_schema_s_default() -> None:
    assert rows(explained("training.adam_beta1")) == [(0, "training.adam_beta1", "schema default", "", 0.9, "")]


def test_a_group_s_file_and_the_command_line() -> None:
    key = "training.warmup_ratio"
    assert rows(explained(key, "training.warmup_ratio=0.2")) == [
        (0, key, "schema default", "", 0.05, ""),
        (0, key, "training=default", at("conf/training/default.yaml", "warmup_ratio"), 0.1, chosen("training")),
        (0, key, "command line", "command line", 0.2, ""),
    ]


def test_an_interpolation_of_the_primary_config() -> None:
    assert rows(explained("model.hidden_size", "backbone=minilm")) == [
        (0, "model.hidden_size", "schema default", "", 512, ""),
        (
            0,
            "model.hidden_size",
            "primary config",
            at("conf/config.yaml", "hidden_size"),
            "${backbone.hidden_size}",
            "",
        ),
        (
            1,
            "backbone.hidden_size",
            "backbone=minilm",
            at("conf/backbone/minilm.yaml", "hidden_size"),
            384,
            "chosen by command line",
        ),
    ]


def test_a_resolver_of_the_project_names_the_key_that_it_picks() -> None:
    for overrides, key in (
        ([], "backbone.learning_rate"),
        (["peft=lora"], "backbone.adapter_learning_rate"),
        (["model.from_pretrained=a/b"], "backbone.finetune_learning_rate"),
    ):
        last = explained("training.learning_rate", *overrides).layers[-1]
        assert (last.depth, last.key, last.layer) == (1, key, "backbone=tiny")


def test_a_section_that_is_read_whole_leads_to_the_groups_that_set_its_keys() -> None:
    found = rows(explained("training.report_to", "tracking=[wandb_offline,tensorboard]"))
    assert found[-2:] == [
        (
            1,
            f"tracking.use.{name}",
            f"tracking={option}",
            at(f"conf/tracking/{option}.yaml", "use"),
            True,
            "chosen by command line",
        )
        for name, option in (("wandb", "wandb_offline"), ("tensorboard", "tensorboard"))
    ]


def test_an_experiment_upon_an_experiment() -> None:
    key = "training.max_steps"
    upper, lower = (f"conf/experiment/zero_shot_ner{end}.yaml" for end in ("_debug", ""))
    assert rows(explained(key, "experiment=zero_shot_ner_debug"))[1:] == [
        (
            0,
            key,
            "training=debug",
            at("conf/training/debug.yaml", "max_steps"),
            20,
            f"chosen by {at(upper, '- override /training')}",
        ),
        (0, key, "experiment zero_shot_ner", at(lower, "max_steps"), 30000, ""),
        (0, key, "experiment zero_shot_ner_debug", at(upper, "max_steps"), 20, ""),
    ]


def test_a_package_in_a_file_s_header() -> None:
    key = "training.hub_strategy"
    assert rows(explained(key, "hub=end", "training.hub_model_id=a/b"))[1:] == [
        (0, key, "hub=end", at("conf/hub/end.yaml", "hub_strategy"), "end", "chosen by command line")
    ]


def test_a_package_on_the_command_line() -> None:
    found = explained("training.optim", "+optimizer@training=lion")
    assert rows(found)[-1][2:5] == ("optimizer=lion", at("conf/optimizer/lion.yaml", "optim"), found.value)


@pytest.fixture
def experiment(tmp_path: Path) -> str:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "defaults:\n"
        "  - override /backbone: minilm\n"
        "model:\n"
        "  span_mode: token-level\n"
        "  max_len: ${oc.env:WORDS,99}\n"
        "  max_width: ${.max_len}\n"
        "training:\n"
        "  evaluation_strategy: steps\n"
    )
    return str(file)


def test_an_experiment_s_file_and_the_option_that_it_chooses(experiment: str) -> None:
    assert rows(explained("backbone.hidden_size", f"experiment={experiment}"))[-1] == (
        0,
        "backbone.hidden_size",
        "backbone=minilm",
        at("conf/backbone/minilm.yaml", "hidden_size"),
        384,
        f"chosen by {experiment}:2",
    )
    assert rows(explained("backbone.hidden_size", f"experiment={experiment}", "backbone=tiny"))[-1][-1] == (
        "chosen by command line"
    )


def test_a_value_that_is_corrected(experiment: str) -> None:
    assert rows(explained("model.span_mode", f"experiment={experiment}"))[-1] == (
        0,
        "model.span_mode",
        "experiment mine",
        f"{experiment}:4",
        "token_level",
        "written 'token-level'",
    )


def test_an_environment_variable(experiment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = (0, "model.max_len", "experiment mine", f"{experiment}:5", "${oc.env:WORDS,99}", "")
    monkeypatch.delenv("WORDS", raising=False)
    assert rows(explained("model.max_len", f"experiment={experiment}"))[-2:] == [
        own,
        (1, "WORDS", "environment variable", "", None, "not set"),
    ]
    monkeypatch.setenv("WORDS", "77")
    found = explained("model.max_len", f"experiment={experiment}")
    assert found.value == 77
    assert rows(found)[-2:] == [own, (1, "WORDS", "environment variable", "", "77", "")]


def test_a_relative_interpolation_and_one_behind_it(experiment: str) -> None:
    found = explained("model.max_width", f"experiment={experiment}")
    assert [(layer.depth, layer.key) for layer in found.layers] == [
        (0, "model.max_width"),
        (0, "model.max_width"),
        (1, "model.max_len"),
        (2, "WORDS"),
    ]


def test_an_old_name(experiment: str) -> None:
    old, new = "training.evaluation_strategy", "training.eval_strategy"
    found = explained(new, f"experiment={experiment}")
    assert rows(found)[1:] == [
        (0, new, "training=default", at("conf/training/default.yaml", "eval_strategy"), "epoch", chosen("training")),
        (0, new, "old name", f"{experiment}:8", "steps", f"written as {old}"),
        (1, old, "experiment mine", f"{experiment}:8", "steps", ""),
    ]
    assert str(explained(old, f"experiment={experiment}").destination) == (
        f"{new} → gliner.training.TrainingArguments.eval_strategy"
    )


def test_a_value_that_follows_from_others() -> None:
    assert [row[:5] for row in rows(explained("run.name"))] == [
        (0, "run.name", "schema default", "", None),
        (0, "run.name", "derived", "", "tiny-markerV0"),
        (1, "backbone.name", "backbone=tiny", at("conf/backbone/tiny.yaml", "name"), "tiny"),
        (1, "model.span_mode", "span_mode=marker_v0", at("conf/span_mode/marker_v0.yaml", "span_mode"), "markerV0"),
    ]
    unknown = explained("backbone.model_name", "model.model_name=some/encoder")
    assert rows(unknown)[-2:] == [
        (0, "backbone.model_name", "derived", "", "some/encoder", "from model.model_name"),
        (1, "model.model_name", "command line", "command line", "some/encoder", ""),
    ]


def test_a_mapping_of_which_a_part_is_given() -> None:
    found = explained("model.encoder_config", "model.encoder_config.num_hidden_layers=1")
    assert found.value == {"num_hidden_layers": 1}
    assert rows(found)[-1][4:] == (1, "at model.encoder_config.num_hidden_layers")


SETUPS = {
    "default": [],
    "relex": ["task=relex", "peft=lora", "training.max_steps=3"],
    "streaming": ["task=streaming"],
    "biencoder": ["task=biencoder", "backbone=minilm", "span_mode=token_level"],
    "classification": ["task=classification", "training=debug", "tracking=wandb"],
    "experiment": ["experiment=legal_pt", "data.train_data=[a,b]", "optimizer=adafactor", "training.no_cuda=true"],
}


def _winning_value(composed: Composed, chains: Chains, key: str) -> Any:
    layers = [layer for layer in chains.layers(key) if layer.depth == 0]
    return layers[-1].value


@pytest.mark.parametrize("setup", SETUPS)
def test_the_last_layer_says_what_the_config_has(setup: str) -> None:
    """Nothing sets a value without standing in its chain."""
    composed = compose(SETUPS[setup], environment=False)
    chains = Chains(composed)
    for key in index():
        last, has = _winning_value(composed, chains, key), masked(key, value_at(composed.config, key))
        if not (isinstance(last, str) and "${" in last):
            assert last == has or (last is False and has == "no"), key


def test_destinations() -> None:
    ways = {
        "training.warmup_ratio": "gliner.training.TrainingArguments.warmup_ratio",
        "backbone.hidden_size": "model.hidden_size → gliner.GLiNERConfig.hidden_size",
        "model.attn_implementation": "gliner.GLiNERConfig._attn_implementation",
        "tracking.project": "gliexp.runs.tracking.weights_and_biases",
        "data.train_data": "gliexp.data.splits",
        "peft.r": "peft.LoraConfig.r",
    }
    for key, way in ways.items():
        assert str(explained(key).destination) == way
    assert explained("training.overwrite_output_dir").destination is None
    classifies = explained("training.warmup_ratio", "task=classification").destination
    assert str(classifies) == "gliclass.training.TrainingArguments.warmup_ratio"
    translated = explained("training.data_seed", "training.seed=7")
    assert (translated.value, translated.destination and translated.destination.value) == (None, 7)


def test_effects() -> None:
    assert explained("model.relations_layer").inert == "only task=relex has relations"
    assert explained("model.relations_layer", "task=relex").inert == ""
    assert explained("backbone.hidden_size").inert == ""
    assert (
        explained("backbone.hidden_size", "model.hidden_size=32").inert
        == "model.hidden_size is set itself [command line]"
    )
    assert explained("backbone.name", "run.name=mine").inert == "run.name is set itself [command line]"
    assert explained("backbone.name").inert == ""
    assert "old name of training.eval_strategy" in explained("training.evaluation_strategy").inert


def test_a_key_of_the_user_s_that_is_bypassed_is_noted() -> None:
    both = compose(["backbone.hidden_size=32", "model.hidden_size=64"], environment=False)
    assert both.notices == ("backbone.hidden_size has no effect: model.hidden_size is set itself [command line]",)
    assert compose(["backbone.hidden_size=32"], environment=False).notices == ()
    rates = compose(["backbone.learning_rate=1e-3", "training.learning_rate=1e-4"], environment=False).notices
    assert rates == ("backbone.learning_rate has no effect: training.learning_rate is set itself [command line]",)


TOKEN = "hf_PLANTEDtokenPLANTED"


@pytest.mark.parametrize("way", ["file", "variable", "override", "old name"])
def test_no_token_is_shown(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANTED_TOKEN", TOKEN)
    file = tmp_path / "tokens.yaml"
    file.write_text(f"training:\n  hub_token: {TOKEN}\n")
    given = {
        "file": f"experiment={file}",
        "variable": "training.hub_token=${oc.env:PLANTED_TOKEN}",
        "override": f"training.hub_token={TOKEN}",
        "old name": f"training.push_to_hub_token={TOKEN}",
    }[way]
    keys = ["training.hub_token", "training.push_to_hub_token"]
    composed = compose([given, "hub=end", "training.hub_model_id=a/b"], environment=False)
    found = [one.document() for one in explain(composed, keys)]
    assert TOKEN not in str(found)
    assert found[0]["value"] == "***"
    assert found[0]["layers"][-1]["value"] == "***"


def test_what_a_user_may_name() -> None:
    groups = Groups.read()
    assert select(["training.seed"], groups) == ["training.seed"]
    assert select(["seed"], groups) == ["run.seed", "training.seed"]
    assert select(["data.columns"], groups) == [key for key in index() if key.startswith("data.columns.")]
    assert select(["training.others*"], groups) == ["training.others_lr", "training.others_weight_decay"]
    assert select(["model.encoder_config.hidden_size"], groups) == ["model.encoder_config"]
    assert select([], groups) == list(index())
    with pytest.raises(Refusal) as caught:
        select(["lora_r", "training.lerning_rate"], groups)
    assert [problem.nearest for problem in caught.value.problems] == ["peft.r", "training.learning_rate"]


def test_two_experiments(experiment: str) -> None:
    left, right = (
        compose([f"experiment={name}", "data.train_data=a"], environment=False) for name in ("legal_pt", experiment)
    )
    found = {one.key: one for one in difference(left, right, index())}
    assert found["training.eval_strategy"].right.source.where == f"{experiment}:8"
    assert found["model.max_len"].left.source.where == at("conf/experiment/legal_pt.yaml", "max_len")
    assert all(value_at(left.config, key) != value_at(right.config, key) for key in found)
    assert "training.adam_beta1" not in found
    assert difference(left, left, index()) == []
