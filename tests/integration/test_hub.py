"""Whole runs that put their model on a Hub: the real client against a server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from hub_server import READ_TOKEN, TOKEN, Fault, running

from .conftest import read

SHORT = (
    "training.max_steps=8",
    "training.eval_strategy=steps",
    "training.eval_steps=4",
    "training.logging_steps=4",
    "run.name=pushed",
)
PREDICT = """
import json, sys
from gliner import GLiNER
model = GLiNER.from_pretrained(sys.argv[1])
found = model.predict_entities(sys.argv[2], json.loads(sys.argv[3]), threshold=0.05)
print(json.dumps([[e["start"], e["end"], e["label"], e["score"]] for e in found]))
"""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    with running() as server:
        home = tmp_path / "hf"
        for name, value in {
            "HF_ENDPOINT": server.address,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home),
            "HF_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def gliexp(tmp_path):
    def call(*words):
        command = [sys.executable, "-m", "gliexp", *words]
        return subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False)

    return call


def _run(tmp_path):
    (found,) = tmp_path.glob("outputs/*/pushed-*")
    return found


def _predicted(place, text, labels):
    command = [sys.executable, "-c", PREDICT, place, text, json.dumps(labels)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_what_was_pushed_downloads_and_predicts_as_the_run_does(gliexp, hub, tmp_path):
    words = ["hub=checkpoint", "training.hub_model_id=me/pushed", "training.hub_always_push=true"]
    done = gliexp(*SHORT, *words, "training.hub_private_repo=true")
    assert done.returncode == 0, done.stderr
    assert f"hub     {hub.address}/me/pushed" in done.stdout
    run = _run(tmp_path)
    published = read(run / "run.json")["hub"]
    assert [each["label"] for each in published["uploads"]] == ["step 4", "step 8", "the finished model"]
    assert all(each["commit"] for each in published["uploads"])
    files = hub.files("me/pushed")
    assert files["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert json.loads(files["gliexp/metrics.json"]) == read(run / "metrics.json")
    assert "last-checkpoint/trainer_state.json" in files
    assert not [place for place in files if "training_args" in place]
    assert not list((run / ".uploads").iterdir())
    for content in (*files.values(), *(file.read_bytes() for file in run.rglob("*") if file.is_file())):
        assert TOKEN.encode() not in content
    assert TOKEN not in done.stdout + done.stderr
    usage = json.loads(files["gliexp_usage.json"])
    text = "Ana Lima works for Helix Labs in Porto."
    pushed = _predicted("me/pushed", text, usage["entity_labels"])
    assert pushed
    assert pushed == _predicted(str(run / "model"), text, usage["entity_labels"])
    again = gliexp("push", str(run), "--to", "me/second")
    assert again.returncode == 0, again.stderr
    assert hub.files("me/second")["model.safetensors"] == files["model.safetensors"]


@pytest.mark.slow
def test_a_run_goes_on_elsewhere_from_the_checkpoint_on_the_hub(gliexp, hub, tmp_path):
    words = ["hub=checkpoint", "training.hub_model_id=me/pushed", "training.hub_always_push=true"]
    hub.accepted = 1  # the checkpoint of step 4 arrives, and nothing after it
    whole = gliexp(*SHORT, *words)
    assert whole.returncode == 0, whole.stderr
    first = _run(tmp_path)
    weights = (first / "model" / "model.safetensors").read_bytes()
    metrics = read(first / "metrics.json")
    shutil.rmtree(tmp_path / "outputs")
    hub.accepted = None
    again = gliexp(*SHORT, *words, "training.resume_from_checkpoint=hub")
    assert again.returncode == 0, again.stderr
    assert "fetched the checkpoint of step 4 from me/pushed" in again.stdout
    second = _run(tmp_path)
    assert (second / "model" / "model.safetensors").read_bytes() == weights
    assert read(second / "metrics.json")["test"]["ner_micro_f1"] == metrics["test"]["ner_micro_f1"]
    lines = [json.loads(line) for line in (second / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [4, 8]


def test_a_repository_without_checkpoints_is_refused(gliexp, hub):
    words = ["hub=checkpoint", "training.hub_model_id=me/pushed", "training.resume_from_checkpoint=hub"]
    done = gliexp(*SHORT, *words)
    assert done.returncode == 2, done.stderr
    assert "training.resume_from_checkpoint: me/pushed cannot be fetched" in done.stderr


@pytest.mark.slow
def test_a_hub_that_fails_loses_no_run_and_names_the_command_that_repeats(gliexp, hub, tmp_path):
    hub.faults.append(Fault("/commit/", 403, times=1000))
    done = gliexp(*SHORT, "hub=end", "training.hub_model_id=me/pushed")
    assert done.returncode == 0, done.stderr
    run = _run(tmp_path)
    assert "the upload of the finished model failed: me/pushed: 403" in done.stdout
    assert f"push {run} --to me/pushed" in done.stdout
    assert read(run / "run.json")["status"] == "done"
    assert (run / "model" / "model.safetensors").is_file()
    hub.faults.clear()
    assert gliexp("push", str(run), "--to", "me/pushed").returncode == 0
    assert "model.safetensors" in hub.files("me/pushed")


def test_what_the_hub_would_not_take_is_refused_before_training(gliexp, hub, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", READ_TOKEN)
    done = gliexp(*SHORT, "hub=end", "training.hub_model_id=me/pushed")
    assert done.returncode == 2
    assert "training.hub_token: the token may only read" in done.stderr
    assert not list(tmp_path.glob("outputs/*/*/checkpoints"))
