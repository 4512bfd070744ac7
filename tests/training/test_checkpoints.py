"""A checkpoint is whole or is none, whatever a kill, a full disk or a careless hand left behind."""

import json
import os
import shutil

import pytest

from gliexp.training import checkpoints, manifest
from gliexp.training.manifest import Damaged

WEIGHTS = os.urandom(5000)


def made(root, step, *, best=None, scheduled=True, resumable=True, weights=WEIGHTS):
    with checkpoints.staged(root, step) as fresh:
        (fresh / "model.safetensors").write_bytes(weights)
        (fresh / "tokenizer").mkdir()
        (fresh / "tokenizer" / "vocab.txt").write_text("a\nb\n")
        (fresh / "optimizer.pt").write_bytes(os.urandom(300))
        return checkpoints.commit(
            fresh, step=step, scheduled=scheduled, resumable=resumable, best_step=best, run={"config": {"a.b": 1}}
        )


def steps(root):
    return [entry.step for entry in checkpoints.entries(root)]


def test_a_written_checkpoint_is_whole_and_knows_its_run(tmp_path):
    path = made(tmp_path, 4, best=4)
    found = manifest.verify(path)
    assert path.name == "checkpoint-4"
    assert set(found.files) == {"model.safetensors", "tokenizer/vocab.txt", "optimizer.pt"}
    assert found.run == {"config": {"a.b": 1}}
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint-4"]


def test_nothing_is_left_of_one_that_fails(tmp_path):
    made(tmp_path, 2)

    def write():
        with checkpoints.staged(tmp_path, 4) as fresh:
            (fresh / "model.safetensors").write_bytes(WEIGHTS[:100])
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        write()
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint-2"]


def truncated(path):
    (path / "model.safetensors").write_bytes(WEIGHTS[:-1])
    return "model.safetensors has 4999 of 5000 bytes"


def flipped(path):
    (path / "model.safetensors").write_bytes(WEIGHTS[:-1] + bytes([WEIGHTS[-1] ^ 1]))
    return "model.safetensors is not what was written"


def removed(path):
    (path / "optimizer.pt").unlink()
    return "optimizer.pt is missing"


def torn(path):
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text[: len(text) // 2])
    return "manifest.json cannot be read"


def altered(path):
    text = (path / "manifest.json").read_text()
    (path / "manifest.json").write_text(text.replace('"a.b": 1', '"a.b": 2'))
    return "manifest.json is not what was written"


def without(path):
    (path / "manifest.json").unlink()
    return "manifest.json is missing"


def strange(path):
    (path / "manifest.json").write_text(json.dumps([1, 2]))
    return "manifest.json cannot be read"


def binary(path):
    (path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    return "manifest.json cannot be read"


FAULTS = [truncated, flipped, removed, torn, altered, without, strange, binary]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_damaged_one_is_named_and_the_one_before_it_is_found(tmp_path, fault):
    good = made(tmp_path, 8)
    reason = fault(made(tmp_path, 12))
    with pytest.raises(Damaged, match=reason.replace(".", r"\.")):
        manifest.verify(tmp_path / "checkpoint-12")
    found = checkpoints.newest(tmp_path, with_best=True)
    assert found.path == good
    assert list(found.passed_over) == ["checkpoint-12"]
    assert found.passed_over["checkpoint-12"].startswith(reason)


def test_steps_are_numbers_and_other_names_are_none(tmp_path):
    made(tmp_path, 9)
    made(tmp_path, 10)
    for name in ("checkpoint-11x", "checkpoint-", "best", "tmp-checkpoint-12"):
        (tmp_path / name).mkdir()
    (tmp_path / "checkpoint-13").write_text("a file")
    assert steps(tmp_path) == [10, 9]
    assert checkpoints.newest(tmp_path, with_best=True).path.name == "checkpoint-10"


def test_one_whose_best_is_damaged_is_passed_over_unless_nobody_asks_for_it(tmp_path):
    made(tmp_path, 4, best=4)
    truncated(made(tmp_path, 8, best=8))
    made(tmp_path, 12, best=8)
    found = checkpoints.newest(tmp_path, with_best=True)
    assert found.path.name == "checkpoint-4"
    assert "checkpoint-8, cannot be used" in found.passed_over["checkpoint-12"]
    assert checkpoints.newest(tmp_path, with_best=False).path.name == "checkpoint-12"


def test_one_without_an_optimizer_is_nothing_to_go_on_from(tmp_path):
    made(tmp_path, 4, resumable=False)
    assert "save_only_model" in checkpoints.newest(tmp_path, with_best=True).passed_over["checkpoint-4"]


def test_a_kill_while_writing_leaves_debris_that_is_cleared(tmp_path):
    good = made(tmp_path, 4)
    shutil.copytree(good, tmp_path / ".checkpoint-8.part")
    without(tmp_path / ".checkpoint-8.part")
    shutil.copytree(good, tmp_path / ".checkpoint-2.gone")
    checkpoints.clear_debris(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-4"]


@pytest.mark.parametrize("moment", ["before both renames", "between the renames", "after both renames"])
def test_a_kill_while_replacing_loses_nothing(tmp_path, moment):
    final = made(tmp_path, 4, weights=b"old")
    fresh = shutil.copytree(final, tmp_path / ".checkpoint-4.part")
    if moment != "before both renames":
        final.rename(tmp_path / ".checkpoint-4.old")
    if moment == "after both renames":
        fresh.rename(final)
    checkpoints.clear_debris(tmp_path)
    assert manifest.verify(final).step == 4
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-4"]


def test_what_is_thinned_out_is_never_the_newest_or_the_best(tmp_path):
    for step in (2, 4, 6, 8):
        made(tmp_path, step)
        checkpoints.thin_out(tmp_path, 2, best=2, newest_step=step)
    assert steps(tmp_path) == [8, 2]
    checkpoints.thin_out(tmp_path, 1, best=2, newest_step=8)
    assert steps(tmp_path) == [8, 2]
    checkpoints.thin_out(tmp_path, 1, best=None, newest_step=8)
    assert steps(tmp_path) == [8]
    checkpoints.thin_out(tmp_path, None, best=None, newest_step=8)
    assert steps(tmp_path) == [8]


def test_a_damaged_one_does_not_count_as_one_that_is_kept(tmp_path):
    made(tmp_path, 2)
    truncated(made(tmp_path, 4))
    made(tmp_path, 6)
    checkpoints.thin_out(tmp_path, 2, best=None, newest_step=6)
    assert steps(tmp_path) == [6, 4, 2]
