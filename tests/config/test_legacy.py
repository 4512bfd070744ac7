"""Names of transformers 4 go on working."""

from __future__ import annotations

from typing import Any

import pytest

from gliexp.config.compose import compose
from gliexp.errors import Refusal


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("evaluation_strategy=steps", "eval_strategy", "steps"),
        ("group_by_length=true", "train_sampling_strategy", "group_by_length"),
        ("group_by_length=false", "train_sampling_strategy", "random"),
        ("per_gpu_train_batch_size=3", "per_device_train_batch_size", 3),
        ("per_gpu_eval_batch_size=3", "per_device_eval_batch_size", 3),
        ("no_cuda=true", "use_cpu", True),
        ("adafactor=true", "optim", "adafactor"),
        ("torchdynamo=inductor", "torch_compile_backend", "inductor"),
        ("include_inputs_for_metrics=true", "include_for_metrics", ["inputs"]),
        ("push_to_hub_model_id=a/b", "hub_model_id", "a/b"),
    ],
)
def test_carried(old: str, new: str, expected: Any) -> None:
    composed = compose([f"training.{old}"])
    assert getattr(composed.config.training, new) == expected
    carried = any(f"is carried to training.{new}" in notice for notice in composed.notices)
    assert carried is (old != "group_by_length=false")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("evaluation_strategy=steps", "eval_strategy=epoch"),
        ("group_by_length=false", "train_sampling_strategy=group_by_length"),
        ("per_gpu_train_batch_size=3", "per_device_train_batch_size=4"),
        ("push_to_hub_token=hf_aaaaaaaaaaaa", "hub_token=hf_bbbbbbbbbbbb"),
    ],
)
def test_old_and_new_that_differ_are_refused(old: str, new: str) -> None:
    with pytest.raises(Refusal, match="old and new name say different things") as caught:
        compose([f"training.{old}", f"training.{new}"])
    assert "hf_" not in str(caught.value)


def test_old_and_new_that_agree_pass() -> None:
    config = compose(["training.evaluation_strategy=epoch", "training.eval_strategy=epoch"]).config
    assert config.training.eval_strategy == "epoch"


def test_what_is_gone_is_said() -> None:
    notices = compose(["training.overwrite_output_dir=true", "training.save_safetensors=false"]).notices
    assert any("overwrite_output_dir has no effect" in notice for notice in notices)
    assert any("always writes safetensors" in notice for notice in notices)


def test_warmup_ratio_beside_steps() -> None:
    with pytest.raises(Refusal, match="warmup_ratio is set too"):
        compose(["training.warmup_ratio=0.1", "training.warmup_steps=5"])
    # The recipe's ratio gives way to steps that the user asked for.
    assert compose(["training.warmup_steps=5"]).config.training.warmup_steps == 5
