"""Runs of several processes: started by gliexp itself, torchrun or accelerate, and what happens when one fails."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from gliexp import cli
from gliexp.data import sample

ROOT = Path(__file__).resolve().parents[2]
INJECTED = Path(__file__).with_name("injected")
GLIEXP = [sys.executable, "-m", "gliexp"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "gliexp"]
ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch", "--cpu", "-m", "gliexp"]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A run of four steps."""
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    with sample.path("train", "ner").open(encoding="utf-8") as rows:
        file.write_text("".join(itertools.islice(rows, 8)), encoding="utf-8")
    return [
        "launch=cpu_ddp",
        "run.name=run",
        f"data.train_data={file}",
        f"data.val_data={file}",
        "data.test_data=null",
        "data.on_loss=warn",
        "training.num_train_epochs=2",
        "training.per_device_train_batch_size=2",
    ]


def ran(command: list[str], words: list[str], directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    directory.mkdir(exist_ok=True)
    paths = os.pathsep.join([str(INJECTED), str(ROOT), os.environ.get("PYTHONPATH", "")])
    changed = {**os.environ, "PYTHONPATH": paths, **variables}
    return subprocess.run(
        [*command, *words], cwd=directory, env=changed, capture_output=True, text=True, timeout=600, check=False
    )


def run_in(directory: Path) -> Path:
    (found,) = directory.glob("outputs/ner/run-*")
    return found


def record_in(directory: Path) -> dict:
    return json.loads((run_in(directory) / "run.json").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_gliexp_torchrun_and_accelerate_train_the_same_two_processes(words: list[str], tmp_path: Path) -> None:
    weights = []
    for command in (ACCELERATE, TORCHRUN):
        directory = tmp_path / command[2]
        done = ran(command, words, directory)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("done in") == 1
        assert (record_in(directory)["status"], record_in(directory)["world_size"]) == ("done", 2)
        weights.append(load_file(run_in(directory) / "model" / "model.safetensors"))
    assert all(tensor.equal(weights[1][name]) for name, tensor in weights[0].items())


@pytest.mark.slow
def test_an_error_of_one_process_ends_the_other_and_is_shown(words: list[str], tmp_path: Path) -> None:
    done = ran(GLIEXP, words, tmp_path, FAULT="raise")
    assert done.returncode == 1
    assert "rank 1: the checkpoint of step 2 cannot be written: injected" in done.stderr
    assert "Traceback" not in done.stderr
    assert record_in(tmp_path)["status"] == "failed"
    assert "injected" in record_in(tmp_path)["error"]
    assert "RuntimeError: injected" in (run_in(tmp_path) / ".ranks" / "rank-1.log").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_other_and_is_named(words: list[str], tmp_path: Path) -> None:
    done = ran(GLIEXP, words, tmp_path, FAULT="SIGKILL")
    assert done.returncode == 1
    assert "rank 1 was ended by SIGKILL, most often by the system when the machine's memory was full" in done.stderr
    assert record_in(tmp_path)["status"] == "failed"
    assert "SIGKILL" in record_in(tmp_path)["error"]


@pytest.mark.slow
def test_a_signal_reaches_all_processes_and_they_go_on(words: list[str], tmp_path: Path) -> None:
    done = ran(GLIEXP, words, tmp_path, FAULT="SIGTERM")
    assert done.returncode == 143, done.stderr
    assert "interrupted at step" in done.stderr
    assert record_in(tmp_path)["status"] == "interrupted"
    again = ran(GLIEXP, [*words, "training.resume_from_checkpoint=auto"], tmp_path)
    assert again.returncode == 0, again.stderr
    assert "going on from step" in again.stdout
    assert record_in(tmp_path)["status"] == "done"


REFUSED = {
    "two without a word how": (["launch.processes=2"], "launch.processes: launch=single is one process"),
    "no GPU for ddp": (["launch=ddp"], "launch.mode: ddp needs a GPU, and this machine shows none"),
    "no GPU for fsdp": (["launch=fsdp"], "launch.mode: fsdp needs a GPU"),
    "no GPU for deepspeed": (["launch=deepspeed"], "launch.mode: deepspeed needs a GPU"),
    "fsdp by half": (["training.fsdp=full_shard"], "training.fsdp: launch.mode is single"),
    "a GPU on the CPU": (["launch=ddp", "training.use_cpu=true"], "training.use_cpu: launch=ddp trains on GPUs"),
    "several machines from one": (["launch=cpu_ddp", "launch.nodes=2"], "launch.nodes: one machine cannot start 2"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_started_is_refused(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    words, said = REFUSED[case]
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err
