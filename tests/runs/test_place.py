"""Where a run may not write it is refused before it begins, and no two runs write to one directory."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import filelock
import pytest

from gliexp.errors import Refusal
from gliexp.runs import lock, place
from gliexp.runs.lock import only_run_in
from gliexp.runs.place import need_room, prepare

HOLDER = """
import sys, time
from pathlib import Path
from gliexp.runs.lock import only_run_in
with only_run_in(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path: Path):
    """A process that holds tmp_path until it is ended."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_and_told_who_holds_the_directory(holder, tmp_path):
    with pytest.raises(Refusal, match=rf"another run is writing .*process {holder.pid} on "), only_run_in(tmp_path):
        pass


def test_a_killed_run_keeps_no_lock(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with only_run_in(tmp_path):
        assert (tmp_path / lock.OWNER).is_file()
    with only_run_in(tmp_path, tmp_path / "."):
        pass


def test_a_job_that_comes_again_waits_for_its_earlier_process(holder, tmp_path, monkeypatch, caplog):
    """A node that SLURM has given up may be at work still, or its lock outlive it for the length of a lease."""
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    monkeypatch.setattr(lock, "LOOKS", 0.05)
    end = threading.Timer(0.5, holder.kill)
    end.start()
    with only_run_in(tmp_path):
        assert holder.wait(timeout=60) == -signal.SIGKILL
    assert f"earlier process, which writes to {tmp_path}: process {holder.pid} on " in caplog.text


def test_where_there_is_no_flock_a_dead_owners_lock_is_taken_over(tmp_path, monkeypatch):
    """As on some network file systems: the lock is a file with the number of a process."""
    program = HOLDER.replace("import sys, time", "import sys, time, errno, fcntl\n" + MISSING)
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"

    def missing(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", missing)
    with pytest.raises(Refusal, match="another run"), only_run_in(tmp_path):
        pass
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while True:
        try:
            with only_run_in(tmp_path):
                return
        except Refusal:
            assert time.monotonic() < deadline
            time.sleep(0.5)


MISSING = """
def missing(*_):
    raise OSError(errno.ENOSYS, "Function not implemented")
fcntl.flock = missing
"""


def test_a_file_system_whose_locks_fail_is_refused(tmp_path, monkeypatch):
    def failing(*_: object, **__: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(filelock.FileLock, "acquire", failing)
    with pytest.raises(Refusal, match="cannot be locked: No locks available"), only_run_in(tmp_path):
        pass


def test_what_cannot_be_written_to_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/none/below")):
        with pytest.raises(Refusal, match="cannot write to"):
            prepare(directory, directory)


def test_a_read_only_directory_is_refused(tmp_path, monkeypatch):
    def read_only(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    with pytest.raises(Refusal, match="Read-only file system"):
        prepare(tmp_path / "new", tmp_path)


def test_a_full_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=place.LEAST_FREE + 100))
    prepare(tmp_path, tmp_path)
    need_room(tmp_path, 100, saves=False)
    with pytest.raises(Refusal, match="MiB free, the run needs about"):
        need_room(tmp_path, 100, saves=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(Refusal, match="has 0 MiB free"):
        prepare(tmp_path, tmp_path)


def test_links_that_lead_out_are_refused_and_others_are_not(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "ner").symlink_to(outside)
    with pytest.raises(Refusal, match="a link that leads out of"):
        prepare(root / "ner" / "run", root)
    assert list(outside.iterdir()) == []
    (tmp_path / "alias").symlink_to(root)
    assert prepare(tmp_path / "alias" / "run", tmp_path / "alias").is_dir()


def test_a_run_that_may_not_write_ends_before_it_begins(tmp_path, monkeypatch, capsys):
    from gliexp import cli

    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert cli.main(["run.root=file/below"]) == 2
    assert cli.main(["-m", "hydra.sweep.dir=file/below", "run.seed=1,2"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("cannot write to file/below") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
