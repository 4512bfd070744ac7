"""A Hub on loopback that the real client in this process talks to, and a run to put there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
import yaml
from hub_server import Hub, running


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running() as server:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody sleeps; the seconds that were asked for."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run of named entities, with every file that a run leaves and two that must stay at home."""
    directory = tmp_path / "runs" / "politics-1a2b3c4d5e"
    files = {
        "model/model.safetensors": "w" * 200_000,
        "model/gliner_config.json": "{}",
        "model/gliexp_usage.json": json.dumps({"entity_labels": ["person", "city"], "threshold": 0.4}),
        "model/training_args.bin": "pickle",
        "model/.cache": "",
        "adapter/gliexp_adapter.json": "{}",
        "adapter/text_encoder/adapter_model.safetensors": "a",
        "metrics.json": json.dumps(METRICS),
        "run.json": json.dumps(RECORD),
        "config.resolved.yaml": yaml.safe_dump(CONFIG),
        "train.log": "log",
    }
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return directory


METRICS = {
    "eval": {"ner_micro_f1": 0.6, "examples": 3},
    "test": {
        "ner_micro_f1": 0.5,
        "ner_macro_f1": 0.25,
        "threshold": 0.4,
        "intervals": {"ner_micro_f1": [0.41, 0.58]},
        "ner_per_label": {"person": {"precision": 1.0, "recall": 0.5, "f1": 0.667, "support": 4}},
        "examples": 5,
    },
}
RECORD = {
    "status": "done",
    "task": "ner",
    "name": "politics",
    "signature": "1a2b3c4d5e",
    "command": "python -m gliexp data.train_data=/home/someone/private/politics/train.jsonl",
    "overrides": ["data.train_data=/home/someone/private/politics/train.jsonl"],
    "seconds": 61.4,
    "versions": {"gliner": "0.2.29"},
    "git_commit": "abc",
    "tags": ["legal"],
    "data": [
        {"path": "/home/someone/private/politics/train.jsonl", "split": "train", "rows": 9, "sha256": "f" * 64},
    ],
    "parameters": {"total": 1000, "trainable": 10},
    "dropped": {"train: span too wide": 2},
    "device": "cpu",
}
CONFIG = {
    "model": {"from_pretrained": None, "model_name": "owner/encoder"},
    "peft": {"enabled": True, "method": "lora"},
    "training": {"hub_model_id": "me/from-config"},
}
