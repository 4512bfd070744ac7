"""Two processes that train together write one checkpoint, stop together when one is told to, and go on exactly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gliexp.training import checkpoints, manifest

from . import families
from .result import same

RANK = Path(__file__).parent / "rank.py"


def start(directory, words, checkpoint="-", stop=""):
    directory.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(RANK)]
    together = [
        "training.use_cpu=true",
        "training.ddp_find_unused_parameters=true",
        "training.per_device_train_batch_size=2",
    ]
    with (directory / "output.txt").open("w") as output:
        return subprocess.Popen(
            [*command, str(directory), checkpoint, *words, *together],
            cwd=directory,
            stdout=output,
            stderr=output,
            env={**os.environ, "STOP": stop},
        )


def ended(process, directory):
    process.wait(timeout=300)
    return (directory / "output.txt").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["span", "classifier"])
def test_two_processes_stop_together_and_go_on_exactly(family, data, tmp_path):
    words = [*families.words(family, data), "training.dataloader_num_workers=0"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    said = ended(start(whole, words), whole)
    assert (whole / "weights.safetensors").is_file(), said

    said = ended(start(broken, words, stop="1 9"), broken)
    assert not (broken / "weights.safetensors").exists(), said
    newest = checkpoints.newest(broken / "checkpoints", with_best=True)
    assert (newest.passed_over, newest.manifest.step) == ({}, 10)
    assert {name for name in manifest.read(newest.path).files if "progress" in name} == {
        "progress-0.json",
        "progress-1.json",
    }
    said = ended(start(broken, words, str(newest.path)), broken)
    assert (broken / "weights.safetensors").is_file(), said
    assert same(load_file(whole / "weights.safetensors"), load_file(broken / "weights.safetensors"))
    optimizers = [
        torch.load(checkpoints.entries(run / "checkpoints")[0].path / "optimizer.pt", weights_only=True)
        for run in (whole, broken)
    ]
    assert same(*optimizers)
