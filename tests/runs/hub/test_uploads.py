from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from gliexp.runs.hub.callback import UploadOnSave
from gliexp.runs.hub.repository import Repository, UploadFailed
from gliexp.runs.hub.staging import Staging
from gliexp.runs.hub.uploads import Upload, Uploads
from gliexp.runs.place import LEAST_FREE


class Slow(Repository):
    """Takes an upload when it is let, or fails it."""

    def __init__(self, failing: bool = False) -> None:
        super().__init__("me/name")
        object.__setattr__(self, "gate", threading.Event())
        object.__setattr__(self, "begun", threading.Event())
        object.__setattr__(self, "taken", [])
        object.__setattr__(self, "failing", failing)

    def upload(self, files: Mapping[str, Path], message: str, *, delete: object = ()) -> str:
        self.begun.set()  # type: ignore[attr-defined]
        self.gate.wait(30)  # type: ignore[attr-defined]
        if self.failing:  # type: ignore[attr-defined]
            raise UploadFailed("503")
        self.taken.append({place: file.read_text() for place, file in files.items()})  # type: ignore[attr-defined]
        return f"commit {len(self.taken)}"  # type: ignore[attr-defined]


def _uploads(repository: Slow, directory: Path, *, always: bool = False, every: bool = False) -> Uploads:
    return Uploads(repository, Staging(directory / "staging"), always=always, every=every)


def _left(directory: Path) -> list[str]:
    return sorted(place.name for place in (directory / "staging").iterdir())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "weights").write_text("of step 8")
    return tmp_path / "checkpoint" / "weights"


def test_a_checkpoint_that_is_deleted_meanwhile_arrives(tmp_path: Path, file: Path) -> None:
    repository = Slow()
    uploads = _uploads(repository, tmp_path)
    assert uploads.put("step 8", {"model/weights": file})
    shutil.rmtree(file.parent)
    repository.gate.set()  # type: ignore[attr-defined]
    assert uploads.finish() == [Upload("step 8", commit="commit 1")]
    assert repository.taken == [{"model/weights": "of step 8"}]  # type: ignore[attr-defined]
    assert list((tmp_path / "staging").iterdir()) == []


@pytest.mark.parametrize("always", [False, True])
def test_a_second_one_waits_or_is_left_out(tmp_path: Path, file: Path, always: bool) -> None:
    repository = Slow()
    uploads = _uploads(repository, tmp_path, always=always)
    uploads.put("step 8", {"weights": file})
    repository.begun.wait(30)  # type: ignore[attr-defined]
    assert uploads.put("step 16", {"weights": file}) is always
    repository.gate.set()  # type: ignore[attr-defined]
    assert [each.label for each in uploads.finish()] == ["step 8", "step 16"][: 1 + always]


def test_what_failed_stays_on_disk_and_ends_nothing(tmp_path: Path, file: Path) -> None:
    repository = Slow(failing=True)
    repository.gate.set()  # type: ignore[attr-defined]
    uploads = _uploads(repository, tmp_path, always=True)
    uploads.put("step 8", {"weights": file})
    assert uploads.finish() == [Upload("step 8", error="503")]
    assert (tmp_path / "staging" / "step-8" / "weights").read_text() == "of step 8"


@pytest.mark.parametrize(("strategy", "expected"), [("every_save", 1), ("checkpoint", 1), ("end", 0)])
def test_each_save_is_handed_over_but_for_the_strategy_end(
    tmp_path: Path, file: Path, strategy: str, expected: int
) -> None:
    repository = Slow()
    repository.gate.set()  # type: ignore[attr-defined]
    uploads = _uploads(repository, tmp_path, always=True)
    file.parent.rename(tmp_path / "checkpoint-8")
    state = SimpleNamespace(global_step=8, is_world_process_zero=True, best_model_checkpoint=None)
    UploadOnSave(uploads, strategy).on_save(SimpleNamespace(output_dir=str(tmp_path)), state, None)
    assert len(uploads.finish()) == expected


@pytest.mark.parametrize(("every", "left"), [(False, ["step-12"]), (True, ["step-12", "step-8"])])
def test_of_several_that_failed_the_last_one_is_kept_or_each(
    tmp_path: Path, file: Path, every: bool, left: list[str]
) -> None:
    repository = Slow(failing=True)
    repository.gate.set()  # type: ignore[attr-defined]
    uploads = _uploads(repository, tmp_path, always=True, every=every)
    uploads.put("step 8", {"weights": file})
    uploads.put("step 12", {"weights": file})
    assert [each.error for each in uploads.finish()] == ["503", "503"]
    assert _left(tmp_path) == left


@pytest.mark.parametrize(("every", "sent"), [(False, ["step 12"]), (True, ["step 8", "step 12"])])
def test_what_a_killed_process_had_staged_is_sent_by_the_one_that_goes_on(
    tmp_path: Path, file: Path, every: bool, sent: list[str]
) -> None:
    staging = Staging(tmp_path / "staging")
    for step in ("step 8", "step 12"):
        staging.stage(step, {"deep/weights": file})
    half = tmp_path / "staging" / "step-16.part"
    half.mkdir()
    (half / "weights").write_text("half")
    repository = Slow()
    repository.gate.set()  # type: ignore[attr-defined]
    uploads = _uploads(repository, tmp_path, every=every)
    assert [each.label for each in uploads.finish()] == sent
    assert repository.taken == [{"deep/weights": "of step 8"}] * len(sent)  # type: ignore[attr-defined]
    assert _left(tmp_path) == []


def test_a_checkpoint_that_comes_again_while_it_is_on_its_way_is_sent_once(tmp_path: Path, file: Path) -> None:
    Staging(tmp_path / "staging").stage("step 8", {"weights": file})
    repository = Slow()
    uploads = _uploads(repository, tmp_path, always=True)
    assert uploads.put("step 8", {"weights": file})
    repository.gate.set()  # type: ignore[attr-defined]
    assert [each.label for each in uploads.finish()] == ["step 8"]


def test_a_disk_that_takes_no_copy_ends_nothing_and_leaves_nothing_half(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(shutil, "copy2", full)
    repository = Slow()
    repository.gate.set()  # type: ignore[attr-defined]
    uploads = _uploads(repository, tmp_path)
    assert not uploads.put("step 8", {"weights": file})
    (result,) = uploads.finish()
    assert result.error == "cannot be staged: [Errno 28] No space left on device"
    assert _left(tmp_path) == []


def test_copies_leave_free_what_the_run_needs(tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", elsewhere)
    staging = Staging(tmp_path / "staging")
    staging.stage("step 4", {"weights": file})
    free = shutil.disk_usage(tmp_path)._replace(free=LEAST_FREE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(OSError, match="no room for a copy"):
        staging.stage("step 8", {"weights": file})
    assert _left(tmp_path) == ["step-4"]
