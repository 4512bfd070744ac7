"""A run that is killed, stopped or out of disk while its model is on the way to the Hub: nothing of it is lost."""

import json
import re
import signal
import subprocess
from contextlib import suppress

import huggingface_hub.constants
import pytest
from hub_server import HANG, TOKEN, Fault, running

from gliexp.runs.hub import publishing
from gliexp.runs.hub.repository import Repository
from gliexp.training import checkpoints

from . import families
from .child import Child
from .kills import AUTO
from .result import differences, result, run_directory

LFS, COMMIT = "/lfs/", "/commit/"
ALL = ("hub=all_checkpoints", "training.hub_model_id=me/run", "training.hub_always_push=true")
END = ("hub=end", "training.hub_model_id=me/run")


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    with running() as server:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.address)
        yield server
        server.gate.set()


def words(data, *others):
    return [*families.words("span", data), "training.dataloader_num_workers=0", *others]


def waits(hub, child):
    """Until an upload hangs in the server."""
    while not hub.hanging.wait(0.05):
        assert child.running(), child.said()


def let_go(hub):
    hub.faults.clear()
    hub.gate.set()


def recorded(directory):
    return json.loads((run_directory(directory) / "run.json").read_text())


def kept(run):
    """Steps of the checkpoints that are still there: of the last ones, however long early stopping lets it run."""
    return [entry.step for entry in checkpoints.entries(run / "checkpoints")]


def assert_all_there(hub, directory):
    """The finished model as it lies on disk, and every checkpoint."""
    files, run = hub.files("me/run"), run_directory(directory)
    assert files["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert {place.partition("/")[0] for place in files} >= {f"checkpoint-{step}" for step in (4, 8, 12, *kept(run))}
    assert not list((run / ".uploads").iterdir())
    assert publishing.is_complete(recorded(directory)["hub"])


@pytest.mark.slow
@pytest.mark.parametrize("word", [LFS, COMMIT], ids=["while a file is sent", "while it is committed"])
def test_killed_in_the_upload_of_a_checkpoint_it_goes_on_and_sends_what_is_missing(word, hub, data, whole, tmp_path):
    hub.faults.append(Fault(word, HANG))
    child = Child(words(data, *ALL), tmp_path)
    waits(hub, child)
    child.kill(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert (run_directory(tmp_path) / ".uploads" / "step-4" / "model.safetensors").is_file()
    assert hub.commits == []
    let_go(hub)
    again = Child([*words(data, *ALL), AUTO], tmp_path)
    assert again.wait() == 0, again.said()
    assert differences(whole("span").result, result(tmp_path)) == []
    assert_all_there(hub, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_the_upload_of_a_checkpoint_it_does_not_wait_for_the_network(number, hub, data, whole, tmp_path):
    hub.faults.append(Fault(LFS, HANG))
    child = Child(words(data, *ALL), tmp_path)
    waits(hub, child)
    child.kill(number)
    assert child.wait(timeout=60) == 128 + number, child.said()  # while the server still hangs
    assert recorded(tmp_path)["status"] == "interrupted"
    let_go(hub)
    again = Child([*words(data, *ALL), AUTO], tmp_path)
    assert again.wait() == 0, again.said()
    assert differences(whole("span").result, result(tmp_path)) == []
    assert_all_there(hub, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ended_in_the_upload_of_the_finished_model_the_run_is_done_and_the_upload_can_be_repeated(
    number, hub, data, whole, tmp_path
):
    hub.faults.append(Fault(COMMIT, HANG))
    child = Child(words(data, *END), tmp_path)
    waits(hub, child)
    child.kill(number)
    code = child.wait(timeout=60)
    run = run_directory(tmp_path)
    assert recorded(tmp_path)["status"] == "done"
    assert differences(whole("span").result, result(tmp_path)) == []
    if number == signal.SIGTERM:
        assert code == 143, child.said()
        assert "Traceback" not in child.said()
        assert f"nothing is lost: python -m gliexp push {run} --to me/run" in child.said()
        (upload,) = recorded(tmp_path)["hub"]["uploads"]
        assert upload["error"] == "interrupted while the finished run was reported"
    assert hub.commits == []
    let_go(hub)
    again = Child([*words(data, *END), AUTO], tmp_path)
    assert again.wait() == 0, again.said()
    assert "this run is finished" in again.said()
    assert hub.files("me/run")["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert publishing.is_complete(recorded(tmp_path)["hub"])
    commits = len(hub.commits)
    third = Child([*words(data, *END), AUTO], tmp_path)
    assert third.wait() == 0, third.said()
    assert len(hub.commits) == commits  # it is there


@pytest.mark.slow
@pytest.mark.parametrize("status", [401, 403], ids=["an expired token", "a right that was taken"])
def test_a_token_that_ends_while_training_loses_nothing_and_push_sends_it_all(status, hub, data, whole, tmp_path):
    hub.faults.append(Fault(COMMIT, status, times=1000))
    child = Child(words(data, *ALL), tmp_path)
    assert child.wait() == 0, child.said()
    assert differences(whole("span").result, result(tmp_path)) == []
    run = run_directory(tmp_path)
    assert re.search(rf"the upload of the finished model failed: me/run: .*{status}", child.said())
    assert f"nothing is lost: python -m gliexp push {run} --to me/run" in child.said()
    owed = {f"step-{step}" for step in (4, 8, 12, *kept(run))}
    assert {folder.name for folder in (run / ".uploads").iterdir()} == owed
    let_go(hub)
    publishing.push(run, Repository("me/run", TOKEN))
    files = hub.files("me/run")
    assert files["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert "checkpoint-4/optimizer.pt" in files
    assert not list((run / ".uploads").iterdir())


@pytest.fixture
def two_disks(tmp_path):
    """A disk for the run that has room for it and for no copy of a checkpoint, and another for its checkpoints."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=44m", "tmpfs", str(place)], check=False).returncode != 0:
        pytest.skip("only root may mount a file system; tests/runs/hub/test_uploads.py needs none")
    yield place, tmp_path / "checkpoints"
    with suppress(subprocess.CalledProcessError):
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
def test_a_disk_without_room_for_copies_ends_neither_the_run_nor_its_last_upload(hub, data, whole, two_disks):
    disk, elsewhere = two_disks
    hub.faults.append(Fault(LFS, HANG))  # what was staged stays until the end
    child = Child(words(data, *ALL, f"training.output_dir={elsewhere}"), disk)
    waits_for_a_checkpoint(child, elsewhere, hub)
    let_go(hub)
    assert child.wait() == 0, child.said()
    assert recorded(disk)["status"] == "done"
    uploads = recorded(disk)["hub"]["uploads"]
    refused = [each["label"] for each in uploads if "no room for a copy" in (each["error"] or "")]
    assert refused, uploads
    assert f"the upload of {refused[0]} failed: cannot be staged" in child.said()
    run = run_directory(disk)
    assert hub.files("me/run")["model.safetensors"] == (run / "model" / "model.safetensors").read_bytes()
    assert not list((run / ".uploads").iterdir())


def waits_for_a_checkpoint(child, elsewhere, hub):
    while not list(elsewhere.glob("checkpoint-8")) and not hub.hanging.is_set():
        assert child.running(), child.said()
