"""Two processes do the same at a step, whichever of them meets a fault."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

PROGRAM = """
import sys
from pathlib import Path
import torch
from training.conftest import SHORT, without_dropout, trainer_of

fault, place = sys.argv[1], Path(sys.argv[2])
rank = int(__import__("os").environ["RANK"])
trainer = trainer_of(
    place, "training.max_steps=3", "training.optim=sgd", "training.gradient_accumulation_steps=2",
    "training.per_device_train_batch_size=4", on_bad_step="skip_and_count",
)
without_dropout(trainer.model)
original = trainer.compute_loss

def compute_loss(model, inputs, *args, **options):
    if fault == "memory" and rank == 1 and len(inputs["input_ids"]) > 2:
        raise torch.OutOfMemoryError("CUDA out of memory (injected)")
    loss = original(model, inputs, *args, **options)
    if fault == "nan" and rank == 0 and trainer.state.global_step == 1:
        loss = loss * float("nan")
    if fault == "stop" and rank == 1 and trainer.state.global_step == 1:
        raise KeyError("injected")
    return loss

trainer.compute_loss = compute_loss
assert trainer.accelerator.num_processes == 2
try:
    trainer.train()
finally:
    torch.save({"weights": trainer.accelerator.unwrap_model(trainer.model).state_dict(), "parts": trainer.parts,
                "skipped": trainer.skipped_steps, "step": trainer.state.global_step}, place / f"{fault}-{rank}.pt")
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def on_two(fault: str, place: Path) -> list[subprocess.CompletedProcess[str]]:
    """Both processes' ends."""
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    tests = str(Path(__file__).resolve().parents[1])
    paths = os.pathsep.join([tests, str(Path(tests).parent), os.environ.get("PYTHONPATH", "")])
    started = []
    for rank in "01":
        changed = {
            **os.environ,
            **shared,
            "RANK": rank,
            "LOCAL_RANK": rank,
            "ACCELERATE_USE_CPU": "1",
            "PYTHONPATH": paths,
        }
        words = [sys.executable, "-c", PROGRAM, fault, str(place)]
        started.append(subprocess.Popen(words, env=changed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    ends = []
    for process in started:
        out, errors = process.communicate(timeout=900)
        ends.append(subprocess.CompletedProcess(process.args, process.returncode, out, errors))
    return ends


def ended(fault: str, place: Path) -> list[dict]:
    return [torch.load(place / f"{fault}-{rank}.pt", weights_only=True) for rank in "01"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run without faults has left its weights."""
    made = tmp_path_factory.mktemp("ranks")
    for done in on_two("none", made):
        assert done.returncode == 0, done.stderr
    return made


@pytest.mark.slow
def test_memory_short_on_one_rank_cuts_the_batches_of_both_and_the_update_is_the_same(place: Path) -> None:
    for done in on_two("memory", place):
        assert done.returncode == 0, done.stderr
        assert "goes through in 2 parts of at most 2 rows" in done.stderr
    whole, cut = ended("none", place), ended("memory", place)
    assert [one["parts"] for one in cut] == [2, 2]
    for name, tensor in whole[0]["weights"].items():
        assert torch.equal(tensor, whole[1]["weights"][name]), name
        assert torch.equal(cut[0]["weights"][name], cut[1]["weights"][name]), name
        assert torch.allclose(tensor, cut[0]["weights"][name], atol=1e-5), name


@pytest.mark.slow
def test_a_step_that_one_rank_leaves_out_is_left_out_by_both(place: Path) -> None:
    for done in on_two("nan", place):
        assert done.returncode == 0, done.stderr
    left, right = ended("nan", place)
    assert left["skipped"] == right["skipped"] == [2]
    assert all(torch.equal(tensor, right["weights"][name]) for name, tensor in left["weights"].items())
    assert all(torch.isfinite(tensor).all() for tensor in left["weights"].values() if tensor.is_floating_point())


@pytest.mark.slow
def test_an_exception_on_one_rank_stops_both_at_that_step(place: Path) -> None:
    one, other = on_two("stop", place)
    assert one.returncode != 0
    assert other.returncode != 0
    assert "another rank met a bad step" in one.stderr
    assert "KeyError: 'injected'" in other.stderr
    assert [end["step"] for end in ended("stop", place)] == [1, 1]
