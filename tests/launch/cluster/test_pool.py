"""Several members of a sweep at once on this machine."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gliexp import cli
from gliexp.data import sample

ROOT = Path(__file__).resolve().parents[3]
INJECTED = Path(__file__).with_name("injected")

pytestmark = pytest.mark.slow


def started(directory: Path, launcher: str, faults: dict[str, str], *words: str) -> subprocess.Popen[str]:
    rows = directory / "rows.jsonl"
    with sample.path("train", "ner").open(encoding="utf-8") as lines:
        rows.write_text("".join(itertools.islice(lines, 8)), encoding="utf-8")
    paths = os.pathsep.join([str(INJECTED), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "gliexp", "-m", f"hydra/launcher={launcher}", "hydra.launcher.at_once=2"),
            *("run.name=pool", f"data.train_data={rows}", f"data.val_data={rows}", "data.test_data=null"),
            *("data.on_loss=warn", "training.num_train_epochs=3", "training.per_device_train_batch_size=2", *words),
        ],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": paths, "FAULTS": json.dumps(faults)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def record(directory: Path, number: int) -> dict:
    return json.loads((directory / "multirun" / "ner" / "pool" / str(number) / "run.json").read_text(encoding="utf-8"))


def test_two_members_run_at_once_and_one_that_is_killed_hides_nothing(tmp_path: Path) -> None:
    process = started(tmp_path, "local_pool", {"/pool/2/": "SIGKILL"}, "run.seed=1,2,3")
    said = process.communicate(timeout=600)[0]
    assert process.returncode == 1, said
    assert "2 done, 1 failed" in said
    assert "its process ended, and the run said nothing: killed, or out of memory" in said
    one, other = record(tmp_path, 0), record(tmp_path, 1)
    assert max(one["started"], other["started"]) < min(one["finished"], other["finished"])


def test_a_signal_lets_members_write_their_checkpoints_and_the_same_command_goes_on(tmp_path: Path) -> None:
    process = started(tmp_path, "slurm_local", {"/pool/": "wait"}, "run.seed=1,2,3")
    places = [tmp_path / "multirun" / "ner" / "pool" / str(number) for number in (0, 1)]
    deadline = time.monotonic() + 300
    while not all((place / "fault_met").exists() for place in places):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=300)[0]
    assert process.returncode == 130, said
    assert "2 interrupted" in said
    assert "1 not run" in said
    assert [record(tmp_path, number)["status"] for number in (0, 1)] == ["interrupted"] * 2
    again = started(tmp_path, "slurm_local", {}, "run.seed=1,2")
    said = again.communicate(timeout=600)[0]
    assert again.returncode == 0, said
    assert "2 done" in said
    logs = [file.read_text(encoding="utf-8") for file in (tmp_path / "multirun/ner/pool/.jobs").glob("*_log.out")]
    assert sum("going on from step 8" in log for log in logs) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hydra.launcher.at_once=0"], "hydra.launcher.at_once: does not accept 0; allowed: at least 1"),
        (["hydra.launcher.gpus=1"], "hydra.launcher.gpus: 1 for each member, and 0 are here"),
    ],
)
def test_what_a_machine_lacks_is_refused(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert cli.main(["-m", "hydra/launcher=local_pool", "run.seed=1,2", *words]) == 2
    assert said in capsys.readouterr().err
