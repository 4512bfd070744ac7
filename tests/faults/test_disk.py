"""A disk that is full, files that cannot grow, and a data worker that is killed: the run ends and says what is left."""

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from gliexp.training import checkpoints, manifest

from . import families
from .child import Child
from .kills import AUTO
from .result import differences, result, run_directory, unreadable
from .test_signals import wait_for

MEGABYTE = 1024**2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with 96 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("only root may mount a file system; test_files_that_cannot_grow needs none")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place, left):
    """Write zeros until `left` bytes are free."""
    with (place / "filler").open("wb") as filler:
        while (free := shutil.disk_usage(place).free - left) > 0:
            filler.write(b"\0" * min(free, MEGABYTE))
            filler.flush()


def failed(child, *said):
    assert child.wait() == 1, child.said()
    assert "Traceback" not in child.said()
    for words in said:
        assert words in child.said(), child.said()


@pytest.mark.parametrize("left", [3 * MEGABYTE, 0], ids=["room for half a checkpoint", "no room at all"])
def test_a_full_disk_ends_the_run_with_the_last_checkpoint_whole(left, data, whole, small_disk):
    words = [*families.words("span", data), "training.dataloader_num_workers=0"]
    child = Child(words, small_disk)
    child.output = small_disk / "output.txt"
    wait_for(child, "checkpoints/checkpoint-4")
    fill(small_disk, left)
    failed(child)
    run = run_directory(small_disk)
    newest = checkpoints.newest(run / "checkpoints", with_best=True)
    assert newest.path is not None
    assert unreadable(small_disk) == []
    (small_disk / "filler").unlink()
    again = Child([*words, AUTO], small_disk)
    assert again.wait() == 0, again.said()
    assert f"going on from step {newest.manifest.step}:" in again.said()
    assert differences(whole("span").result, result(small_disk)) == []


def test_files_that_cannot_grow_end_the_run_and_it_says_so(data, whole, tmp_path):
    size = (whole("span").result.bytes_of_optimizer) // 2

    def prepare():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    words = [*families.words("span", data), "training.dataloader_num_workers=0"]
    child = Child(words, tmp_path, prepare)
    failed(child, "the checkpoint of step 4 cannot be written", "there is none before it")
    run = run_directory(tmp_path)
    assert list((run / "checkpoints").iterdir()) == []
    assert json.loads((run / "run.json").read_text())["status"] == "failed"
    again = Child([*words, AUTO], tmp_path)
    assert again.wait() == 0, again.said()
    assert differences(whole("span").result, result(tmp_path)) == []


def workers_of(pid):
    """Process numbers of a run's data workers."""
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_killed_data_worker_ends_the_run_and_it_goes_on(data, whole, tmp_path):
    words = families.words("span", data)
    child = Child(words, tmp_path)
    wait_for(child, "checkpoints/checkpoint-4")
    deadline = time.monotonic() + 60
    while child.running() and time.monotonic() < deadline:
        for number in workers_of(child.pid):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.001)
    failed(child, "a data worker died")
    newest = checkpoints.entries(run_directory(tmp_path) / "checkpoints")[0]
    assert manifest.verify(newest.path).step >= 4
    again = Child([*words, AUTO], tmp_path)
    assert again.wait() == 0, again.said()
    assert differences(whole("span").result, result(tmp_path)) == []
