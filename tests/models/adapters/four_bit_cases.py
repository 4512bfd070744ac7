"""Adapters on backbones in 4 bits. Run by test_four_bit.py in a process that sees bitsandbytes: peft imports it, and
with it compilers, wherever it is installed, so the rest of the tests go without.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from gliner import GLiNER
from peft import PeftModel

from gliexp.models import adapters, anatomy, gliner, parameters
from gliexp.models.adapters import four_bit, resume
from gliexp.models.predict import outputs
from models.conftest import ENTITY_TYPES, RELATION_TYPES, ROWS, learn

CASES = [
    ("uni_markerV0", "bert", "qlora"),
    ("uni_token", "deberta", "qlora"),
    ("uni_markerV0", "modernbert", "loftq"),
    ("relex_span_dot", "t5", "qlora"),
    ("bi_span", "bert", "loftq"),
    ("streaming", "", "qlora"),
]
SECTION = {"r": 2, "lora_alpha": 4, "lora_dropout": 0.0, "target_modules": "attention+mlp"}


def scores(model: Any) -> torch.Tensor:
    found = next(iter(outputs(model, ROWS, ENTITY_TYPES, RELATION_TYPES, threshold=0.3, batch_size=len(ROWS))))
    return found.result.logits.sigmoid().detach()


def wrapped(values: Any, task: str, family: str, method: str, **changes: Any) -> adapters.Adapted:
    own = {"model_name": str(values("uni_markerV0", model_name=family)["model_name"])} if family else {}
    base = adapters.Base(values(task, **own), 1)
    return adapters.wrap(base.build(), {"method": method, **SECTION, **changes}, origin=base, seed=2)


@pytest.mark.parametrize(("task", "family", "method"), CASES)
def test_what_was_trained_is_what_is_read(
    task: str, family: str, method: str, values: Any, collated: Any, tmp_path: Path
) -> None:
    made = wrapped(values, task, family, method)
    body = anatomy.of(made.model)
    assert any(four_bit.is_quantised(holder.model) for holder in body.holders.values())
    trainable = {n for n, p in body.core.named_parameters() if p.requires_grad}
    before = {n: p.detach().clone() for n, p in body.core.named_parameters()}
    learn(made.model, collated(made.model), steps=3)
    moved = {n for n, p in body.core.named_parameters() if not torch.equal(p.detach(), before[n])}
    assert moved <= trainable
    assert any("lora_B" in name for name in moved)
    found = scores(made.model)
    adapters.save(made, tmp_path / "adapter")
    torch.testing.assert_close(scores(adapters.load(tmp_path / "adapter").model), found, atol=1e-5, rtol=0)
    adapters.merge(made.model)
    assert not any(four_bit.is_quantised(holder.model) for holder in body.holders.values())
    torch.testing.assert_close(scores(made.model), found, atol=1e-5, rtol=0)
    gliner.save(made.model, tmp_path / "model")
    torch.testing.assert_close(scores(GLiNER.from_pretrained(str(tmp_path / "model"))), found, atol=1e-5, rtol=0)


def test_a_checkpoint_goes_on(values: Any, collated: Any, tmp_path: Path) -> None:
    made, other = (wrapped(values, "uni_markerV0", "bert", "qlora") for _ in range(2))
    learn(made.model, collated(made.model), steps=2)
    tmp_path.joinpath("checkpoint").mkdir()
    resume.write(made, tmp_path / "checkpoint")
    resume.restore(other, tmp_path / "checkpoint")
    assert torch.equal(scores(made.model), scores(other.model))


def test_two_adapters_are_merged_on_plain_weights(values: Any, collated: Any, tmp_path: Path) -> None:
    made = wrapped(values, "uni_markerV0", "bert", "qlora")
    learn(made.model, collated(made.model), steps=2)
    adapters.save(made, tmp_path / "one")
    again = adapters.load(tmp_path / "one")
    learn(again.model, collated(again.model), steps=1)
    adapters.save(again, tmp_path / "two")
    merged = adapters.combine([tmp_path / "one", tmp_path / "one"], [0.5, 0.5])
    torch.testing.assert_close(scores(merged), scores(made.model), atol=1e-5, rtol=0)
    mixed = adapters.combine([tmp_path / "one", tmp_path / "two"], [0.5, 0.5])
    assert not torch.equal(scores(mixed), scores(merged))


def test_parameters_are_counted_one_by_one(values: Any) -> None:
    plain = parameters.sizes(wrapped(values, "uni_markerV0", "bert", "lora").model)
    packed = parameters.sizes(wrapped(values, "uni_markerV0", "bert", "qlora").model)
    assert packed == plain


@pytest.mark.parametrize("quant_type", ["nf4", "fp4"])
@pytest.mark.parametrize("double", [True, False])
def test_the_kind_is_the_chosen_one_and_is_saved(quant_type: str, double: bool, values: Any, tmp_path: Path) -> None:
    made = wrapped(
        values, "uni_markerV0", "bert", "qlora", bnb_4bit_quant_type=quant_type, bnb_4bit_use_double_quant=double
    )
    adapters.save(made, tmp_path / "adapter")
    for model in (made.model, adapters.load(tmp_path / "adapter").model):
        states = [p.quant_state for p in model.model.parameters() if getattr(p, "quant_state", None) is not None]
        assert {(state.quant_type, state.nested) for state in states} == {(quant_type, double)}


def test_loftq_starts_nearer_to_the_plain_weights(values: Any) -> None:
    unpacked = wrapped(values, "uni_markerV0", "bert", "lora").model
    plain = dict(anatomy.of(unpacked).holders["text_encoder"].model.named_modules())
    made = wrapped(values, "uni_markerV0", "bert", "loftq", r=8, lora_alpha=4)
    backbone: PeftModel = anatomy.of(made.model).holders["text_encoder"].model
    checked = 0
    for name, layer in backbone.named_modules():
        if hasattr(layer, "base_layer") and four_bit.is_quantised(layer):
            wanted = plain[name].base_layer.weight
            lost = wanted - four_bit.weight_of(layer.base_layer)
            delta = layer.get_delta_weight("default")
            assert (lost - delta).norm() < 0.95 * lost.norm()
            best = torch.linalg.svdvals(lost)[8:].norm()
            torch.testing.assert_close((lost - delta).norm(), best, atol=1e-4, rtol=1e-3)
            checked += 1
    assert checked


def test_a_whole_run(tmp_path: Path) -> None:
    words = "peft=qlora training.use_cpu=true training.max_steps=3 run.root=out".split()
    command = [sys.executable, "-m", "gliexp", *words]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (run,) = (path.parent for path in tmp_path.glob("out/*/*/run.json"))
    assert json.loads((run / "adapter" / "gliexp_adapter.json").read_text())["four_bit"]["quant_type"] == "nf4"
    assert (run / "model").is_dir()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what is said to be missing")
def test_without_a_gpu_it_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gliexp", "peft=qlora", "run.root=out"]
    done = subprocess.run(command, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "in 4 bits on a CUDA device, and there is none" in done.stderr
