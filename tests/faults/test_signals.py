"""A run that is asked to stop, or to save, by signal or by a touched file: wherever it is, and as often as not."""

import json
import os
import random
import signal
import time

import pytest

from gliexp.training import checkpoints, manifest

from . import families
from .child import Child
from .kills import AUTO, at_operation, before_training, in_evaluation
from .result import differences, result, run_directory, unreadable

ENDS = {signal.SIGTERM: 143, signal.SIGINT: 130}


def stopped(child, directory, code=143):
    assert child.wait() == code, child.said()
    assert "Traceback" not in child.said()
    assert unreadable(directory) == []
    assert json.loads((run_directory(directory) / "run.json").read_text())["status"] == "interrupted"


def goes_on(family, data, directory, whole):
    again = Child([*families.words(family, data), AUTO], directory)
    assert again.wait() == 0, again.said()
    assert differences(whole(family).result, result(directory)) == []
    return again.said()


def wait_for(child, *patterns):
    """Until the run has written something of each kind."""
    deadline = time.monotonic() + 120
    while not all(list(child.directory.glob(f"outputs/*/run-*/{pattern}")) for pattern in patterns):
        assert child.running(), child.said()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("number", ENDS)
@pytest.mark.parametrize("family", ["span", "classifier", "lora", "epochs"])
def test_a_signal_while_training_writes_a_checkpoint_of_that_step(family, number, data, whole, tmp_path):
    child = Child(families.words(family, data), tmp_path)
    wait_for(child, "metrics.jsonl")
    time.sleep(random.Random(f"{family} {number}").uniform(0, 0.3))
    child.kill(number)
    stopped(child, tmp_path, ENDS[number])
    newest = checkpoints.entries(run_directory(tmp_path) / "checkpoints")[0]
    assert f"checkpoint-{newest.step}" in child.said()
    assert f"going on from step {newest.step}:" in goes_on(family, data, tmp_path, whole)


@pytest.mark.slow
@pytest.mark.parametrize("variant", families.VARIANTS)
def test_every_way_to_train_goes_on_exactly(variant, data, whole, tmp_path):
    early = random.Random(variant).randint(1, whole(variant).operations // 3)
    prepare = at_operation(early, act=lambda: os.kill(os.getpid(), signal.SIGTERM))
    child = Child(families.words(variant, data), tmp_path, prepare)
    stopped(child, tmp_path)
    assert "going on from step" in goes_on(variant, data, tmp_path, whole)


def test_a_signal_in_a_save_lets_it_be_finished(data, whole, tmp_path):
    halfway = whole("span").operations // 3
    prepare = at_operation(halfway, act=lambda: os.kill(os.getpid(), signal.SIGTERM))
    child = Child(families.words("span", data), tmp_path, prepare)
    stopped(child, tmp_path)
    goes_on("span", data, tmp_path, whole)


@pytest.mark.parametrize("family", ["span", "classifier", "epochs"])
def test_a_signal_in_an_evaluation_breaks_it_off_and_it_is_made_again(family, data, whole, tmp_path):
    prepare = in_evaluation(2, 0.0, act=lambda: os.kill(os.getpid(), signal.SIGTERM))
    child = Child(families.words(family, data), tmp_path, prepare)
    stopped(child, tmp_path)
    (newest, *_) = checkpoints.entries(run_directory(tmp_path) / "checkpoints")
    assert json.loads((newest.path / "progress-0.json").read_text())["due"]["evaluate"] is True
    goes_on(family, data, tmp_path, whole)


def test_a_signal_before_training_ends_at_once(data, whole, tmp_path):
    prepare = before_training(lambda: os.kill(os.getpid(), signal.SIGTERM))
    child = Child(families.words("span", data), tmp_path, prepare)
    stopped(child, tmp_path)
    assert "interrupted before training began" in child.said()
    goes_on("span", data, tmp_path, whole)


def test_a_second_signal_ends_at_once(data, tmp_path):
    child = Child(families.words("span", data), tmp_path)
    wait_for(child, "metrics.jsonl")
    child.kill(signal.SIGINT)
    time.sleep(0.002)
    child.kill(signal.SIGINT)
    assert child.wait() == 130, child.said()
    assert unreadable(tmp_path) == []


def asked(directory):
    """Checkpoints that somebody asked for, or had asked for and were replaced by the schedule's."""
    return [
        entry.step
        for entry in checkpoints.entries(run_directory(directory) / "checkpoints")
        if not manifest.verify(entry.path).scheduled
    ]


@pytest.mark.parametrize("how", ["signal", "file"])
def test_a_checkpoint_on_demand_changes_nothing_else(how, data, whole, tmp_path):
    words = [*families.words("span", data), "training.save_total_limit=99"]
    child = Child(words, tmp_path)
    wait_for(child, "checkpoints/checkpoint-4")
    run = run_directory(tmp_path)
    if how == "signal":
        child.kill(signal.SIGUSR1)
    else:
        (run / "SAVE").touch()
    assert child.wait() == 0, child.said()
    assert "was asked for and written" in (run / "train.log").read_text()
    assert not (run / "SAVE").exists()
    assert unreadable(tmp_path) == []
    assert differences(whole("span").result, result(tmp_path)) == []


def test_a_checkpoint_on_demand_is_gone_on_from(data, whole, tmp_path):
    child = Child(families.words("epochs", data), tmp_path, in_evaluation(1, 0.0))
    wait_for(child, "config.resolved.yaml")
    (run_directory(tmp_path) / "SAVE").touch()
    assert child.wait() == -signal.SIGKILL, child.said()
    assert asked(tmp_path) == [1]
    goes_on("epochs", data, tmp_path, whole)
