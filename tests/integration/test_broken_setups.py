"""check refuses what people get wrong and names the cause: set-ups from users' complaints and libraries' traps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gliexp import cli
from gliexp.runs import capacity

Row = dict[str, Any]

# What the config alone shows: overrides → key, and a part of what is said.
OF_CONFIG: dict[str, tuple[list[str], str, str]] = {
    "a key of another tool": (["lora_r=8"], "lora_r", "did you mean peft.r?"),
    "a misspelt key": (["training.learning_rte=1e-5"], "training.learning_rte", "training.learning_rate?"),
    "an ambiguous option": (["backbone=deberta"], "backbone", "deberta_v3_base or deberta_v3_large"),
    "a span mode that is none": (["model.span_mode=span_level"], "model.span_mode", "does not accept 'span_level'"),
    "relations in plain NER": (["model.relations_layer=dot"], "model.relations_layer", "does not go with task=ner"),
    "two networks of two tasks": (["task=relex", "model.labels_encoder=a/b"], "model.labels_encoder", "task=relex"),
    "relex without a scorer": (["task=relex", "model.relations_layer=null"], "model.relations_layer", "needs it"),
    "triples of one width": (["task=relex", "model.triples_layer=TransH"], "model.triples_layer", "768 only"),
    "dice where it is ignored": (
        ["task=biencoder", "training.loss_type=dice"],
        "training.loss_type",
        "focal loss only",
    ),
    "spans in a token model": (
        ["span_mode=token_level", "training.use_span_width_weight=true"],
        "training.use_span_width_weight",
        "no spans to weigh",
    ),
    "a width in a token model": (["span_mode=token_level", "model.max_width=5"], "model.max_width", "no width limit"),
    "a fusion that is none": (["model.post_fusion_schema=foo"], "model.post_fusion_schema", "l2l, l2t"),
    "baked-in labels": (["model.precomputed_prompts_mode=true"], "model.precomputed_prompts_mode", "has no loss"),
    "a decoder mode that crashes": (["task=decoder", "model.decoder_mode=prompt"], "model.decoder_mode", "span"),
    "two warm-ups": (["training.warmup_ratio=0.1", "training.warmup_steps=5"], "training.warmup_steps", "is set too"),
    "the best of no evaluation": (
        ["training.eval_strategy=no", "training.load_best_model_at_end=true"],
        "training.load_best_model_at_end",
        "eval_strategy is no",
    ),
    "patience without a best": (
        ["training.early_stopping_patience=2", "training.load_best_model_at_end=false"],
        "training.early_stopping_patience",
        "load_best_model_at_end=true",
    ),
    "two precisions": (["training.fp16=true", "training.bf16=true"], "training.fp16", "bf16 is on too"),
    "half precision on the CPU": (["training.use_cpu=true", "training.fp16=true"], "training.fp16", "on the CPU"),
    "a push to nowhere": (["training.push_to_hub=true"], "training.hub_model_id", "push_to_hub needs it"),
    "noise on embeddings": (["training.neftune_noise_alpha=5"], "training.neftune_noise_alpha", "crashes in gliner"),
    "prefetch without workers": (
        ["training.dataloader_prefetch_factor=2"],
        "training.dataloader_prefetch_factor",
        "workers",
    ),
    "four bits without a GPU": (["peft=qlora"], "peft.method", "4 bits"),
    "an adapter that is not there": (
        ["peft=lora", "peft.init_from=nowhere"],
        "peft.init_from",
        "no adapter in nowhere",
    ),
    "old and new name": (
        ["training.evaluation_strategy=steps", "training.eval_strategy=epoch"],
        "training.evaluation_strategy",
        "say different things",
    ),
    "a package that is missing": (["training.optim=lomo"], "training.optim", "needs the package lomo_optim"),
    "a tracker that is none": (["training.report_to=wandbb"], "training.report_to", "did you mean wandb?"),
    "a file that is not there": (["data.train_data=trian.jsonl"], "data.train_data", "did you mean train.jsonl?"),
    "a checkpoint that is not there": (
        ["training.resume_from_checkpoint=x"],
        "training.resume_from_checkpoint",
        "no directory",
    ),
    "a pooling of one scorer": (
        ["task=classification", "model.pooling_strategy=pass"],
        "model.pooling_strategy",
        "cross-attn",
    ),
    "layers that crash": (
        ["task=classification", "model.squeeze_layers=true"],
        "model.squeeze_layers",
        "crashes in gliclass",
    ),
    "a text to classify in pieces": (
        ["task=classification", "data.long_doc_chunking.enabled=true"],
        "data.long_doc_chunking.enabled",
        "belongs to the whole",
    ),
}

WORDS = ["Ana", "Lima", "works", "for", "Helix", "Labs", "in", "Porto", "."]
GOOD: Row = {
    "tokenized_text": WORDS,
    "ner": [[0, 1, "person"], [4, 5, "organization"]],
    "relations": [[0, 1, "works for"]],
}


def row(**changes: Any) -> Row:
    return {**GOOD, **changes}


MANY = [f"label of the kind {number}" for number in range(200)]
# What the data show: rows, overrides → a part of what is said.
OF_DATA: dict[str, tuple[list[Any], list[str], str]] = {
    "an end behind the text": ([GOOD, row(ner=[[0, 99, "person"]])], [], "train.jsonl:2"),
    "a negative start": ([row(ner=[[-1, 1, "person"]])], [], "train.jsonl:1"),
    "a reversed span": ([row(ner=[[3, 1, "person"]])], [], "train.jsonl:1"),
    "a relation to no entity": ([row(relations=[[0, 7, "works for"]])], ["task=relex"], "train.jsonl:1"),
    "no entity at all": ([row(ner=[], relations=[])], [], "there is no label to learn"),
    "relex without relations": ([row(relations=[])], ["task=relex"], "no row has a relation"),
    "a column of another name": ([{"words": WORDS, "entities": []}], [], "tokenized_text"),
    "a line that is no JSON": (["{broken"], [], "train.jsonl:1"),
    "an empty file": ([], [], "holds no row"),
    "labels that leave no room": (
        [row(ner_labels=["person", "organization", *MANY])],
        ["model.max_types=300", "data.label_sampling=all"],
        "no room for text",
    ),
    "a label with a marker in it": ([row(ner=[[0, 1, "a <<ENT>> b"]], relations=[])], [], "a marker of the prompt"),
    "an entity too wide, and none may be lost": (
        [row(ner=[[0, 8, "person"]]), GOOD],
        ["model.max_width=3", "data.on_loss=error"],
        "train.jsonl:1",
    ),
    "rows to classify, for entities": (
        [{"text": "fine", "all_labels": ["a"], "true_labels": ["a"]}],
        [],
        "train.jsonl",
    ),
    "a label that cannot be read": (
        [{"text": "fine", "all_labels": ["word " * 600], "true_labels": ["word " * 600]}],
        ["task=classification"],
        "data.max_length",
    ),
}

# What only the model shows: overrides → key, and a part of what is said.
OF_MODEL: dict[str, tuple[list[str], str, str]] = {
    "targets of another architecture": (
        ["peft=lora", "peft.target_modules=[q_proj]"],
        "peft.target_modules",
        "no module",
    ),
    "layers that do not exist": (
        ["peft=lora", "peft.layers_to_transform=[40]"],
        "peft.layers_to_transform",
        "no layers",
    ),
    "rates of zero": (
        ["training.learning_rate=0", "training.others_lr=0"],
        "training.learning_rate",
        "changes no weight",
    ),
    "a metric that is none": (
        ["training.metric_for_best_model=eval_ner_mikro_f1"],
        "training.metric_for_best_model",
        "did you mean ner_micro_f1?",
    ),
    "a model that is not there": (["model.from_pretrained=nobody/nothing"], "", "nobody/nothing"),
    "a backbone that is not there": (["model.model_name=nobody/nothing"], "model.model_name", "nobody/nothing"),
    "a setting that the backbone has not": (["model.encoder_config={num_layrs: 1}"], "model", "num_layrs"),
}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(["check", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith("refused: ")
    assert "Traceback" not in error
    return error


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("name", OF_CONFIG)
def test_the_config(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    overrides, key, said = OF_CONFIG[name]
    Path("train.jsonl").write_text("")
    error = refused(capsys, *overrides)
    (line,) = [line for line in error.splitlines() if line.startswith(f"  {key}: ")]
    assert said in line


@pytest.mark.parametrize("name", OF_DATA)
def test_the_data(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows, overrides, said = OF_DATA[name]
    Path("train.jsonl").write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in rows))
    assert said in refused(capsys, "data.train_data=train.jsonl", *overrides)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_MODEL)
def test_the_model(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    overrides, key, said = OF_MODEL[name]
    error = refused(capsys, *overrides)
    assert said in error
    assert f"  {key}" in error


@pytest.mark.slow
def test_a_full_disk_and_a_small_device(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 2**20})
    monkeypatch.setattr(capacity.shutil, "disk_usage", lambda _place: usage)
    monkeypatch.setattr(capacity, "_device", lambda _composed: ("a small GPU", 2**21))
    error = refused(capsys, "task=classification")
    assert "would be written to" in error
    assert "a step needs about" in error
    assert "on a small GPU" in error


def test_at_least_thirty() -> None:
    assert len(OF_CONFIG) + len(OF_DATA) + len(OF_MODEL) >= 50


@pytest.mark.slow
@pytest.mark.parametrize("task", ["ner", "relex", "classification"])
def test_what_is_right_passes_and_nothing_is_written(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", f"task={task}", "peft=lora"]) == 0
    said = capsys.readouterr().out
    assert said.rstrip().endswith("ready to train")
    for part in ("data: 640 train", "of them train", "one step on the CPU: loss", "memory of a step", "disk: "):
        assert part in said
    assert list(tmp_path.iterdir()) == []
