"""Runs with adapters, as a user starts them: they resume exactly, go on, merge, and say where they are."""

import json
import shutil

import pytest
from safetensors.torch import load_file

from .conftest import read

SHORT = (
    "training.max_steps=8",
    "training.logging_steps=1",
    "training.eval_strategy=no",
    "training.save_strategy=steps",
)


def _run(tmp_path, name):
    (found,) = tmp_path.glob(f"outputs/*/{name}-*")
    return found


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in ("pissa", "partial")]


@pytest.mark.parametrize("kind", ["lora", "adalora", *SLOW])
def test_a_resumed_run_ends_with_the_weights_of_a_whole_one(kind, gliexp, tmp_path):
    words = [f"peft={kind}", *SHORT, "training.save_steps=4", "peft.save=both"]
    whole = gliexp("run.name=whole", *words)
    assert whole.returncode == 0, whole.stderr
    checkpoint = _run(tmp_path, "whole") / "checkpoints" / "checkpoint-4"
    assert not list(checkpoint.glob("*.bin"))
    kept = shutil.copytree(checkpoint, tmp_path / "checkpoint-4")
    again = gliexp("run.name=again", *words, f"training.resume_from_checkpoint={kept}")
    assert again.returncode == 0, again.stderr
    first, second = (load_file(_run(tmp_path, name) / "model" / "model.safetensors") for name in ("whole", "again"))
    assert all(first[name].equal(second[name]) for name in first)
    lines = [json.loads(line) for line in (_run(tmp_path, "again") / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 9))


@pytest.mark.slow
def test_a_classifier_under_adapters_resumes_exactly_and_is_merged(gliexp, tmp_path):
    words = ["task=classification", "peft=lora", *SHORT, "training.save_steps=4", "peft.save=adapter"]
    whole = gliexp("run.name=whole", *words)
    assert whole.returncode == 0, whole.stderr
    kept = shutil.copytree(_run(tmp_path, "whole") / "checkpoints" / "checkpoint-4", tmp_path / "checkpoint-4")
    again = gliexp("run.name=again", *words, f"training.resume_from_checkpoint={kept}")
    assert again.returncode == 0, again.stderr
    for name in ("whole", "again"):
        merged = gliexp("merge", str(_run(tmp_path, name)))
        assert merged.returncode == 0, merged.stderr
    first, second = (load_file(_run(tmp_path, name) / "model" / "model.safetensors") for name in ("whole", "again"))
    assert all(first[name].equal(second[name]) for name in first)


def test_an_adapter_is_trained_on_and_merged_by_a_command(gliexp, tmp_path):
    done = gliexp("peft=lora", "run.name=first", "peft.save=adapter", *SHORT)
    assert done.returncode == 0, done.stderr
    assert "text_encoder: lora on 12 modules (query, key, value" in done.stdout
    assert "memory of a step" in done.stdout
    first = _run(tmp_path, "first")
    assert not (first / "model").exists()
    more = gliexp("peft=lora", "run.name=second", f"peft.init_from={first}", "peft.save=merged", *SHORT)
    assert more.returncode == 0, more.stderr
    second = _run(tmp_path, "second")
    assert (second / "model").is_dir()
    assert not (second / "adapter").exists()
    losses = [
        [json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines() if '"loss"' in line]
        for run in (first, second)
    ]
    assert losses[1][0] < losses[0][0]
    merged = gliexp("merge", str(first))
    assert merged.returncode == 0, merged.stderr
    assert read(first / "model" / "gliner_config.json")["span_mode"] == "markerV0"
    stacked = gliexp("peft=lora", "run.name=third", f"model.from_pretrained={first}", *SHORT)
    assert stacked.returncode == 0, stacked.stderr
    base = read(_run(tmp_path, "third") / "adapter" / "gliexp_adapter.json")["base"]["from_pretrained"]
    assert base == str((first / "model").resolve())


def test_what_cannot_be_had_is_refused_before_anything_runs(gliexp, tmp_path):
    done = gliexp("peft=lora", "peft.target_modules=[q_proj]")
    assert done.returncode == 2
    assert "'q_proj' matches no module" in done.stderr
    for words, message in (
        (["peft.enabled=true", "peft.method=lorra"], "peft.method"),
        (["peft=lora", "peft.r=0"], "peft.r"),
        (["peft=lora", "peft.init_from=nowhere"], "no adapter in nowhere"),
        (["optimizer=schedule_free", "training.optim=schedule_free_adamw"], "schedulefree"),
    ):
        refused = gliexp(*words)
        assert refused.returncode == 2
        assert message in refused.stderr
    assert not list(tmp_path.glob("outputs/*/*/checkpoints"))
