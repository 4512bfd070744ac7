"""What a run is told of data workers that die; whole runs are in tests/faults/test_disk.py."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from torch.utils.data import DataLoader

from gliexp.training.watched import death_of_worker

RESET = ConnectionResetError(104, "Connection reset by peer")


@pytest.fixture
def batches() -> Iterator[object]:
    """Batches of a worker whose death this process is not told of by a signal."""
    made = iter(DataLoader(range(100), num_workers=1))  # type: ignore[arg-type]
    next(made)
    before = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    yield made
    signal.signal(signal.SIGCHLD, before)


def test_a_batch_that_breaks_off_is_told_from_its_workers_death(batches: object) -> None:
    (worker,) = batches._workers  # type: ignore[attr-defined]
    os.kill(worker.pid, signal.SIGKILL)
    said = death_of_worker(RESET)
    assert said is not None
    assert said.startswith(f"DataLoader worker (pid {worker.pid}) is killed by signal")
    assert death_of_worker(OSError(28, "No space left on device")) is None  # said once, and not raised later


@pytest.mark.parametrize("error", [RESET, EOFError(), OSError(28, "No space left on device"), RuntimeError("other")])
def test_other_errors_are_no_deaths(error: Exception, batches: object) -> None:
    assert death_of_worker(error) is None


def test_what_torch_says_by_itself_is_taken() -> None:
    said = "step 3: RuntimeError: DataLoader worker (pid(s) 7) exited unexpectedly"
    assert death_of_worker(RuntimeError(said)) == "DataLoader worker (pid(s) 7) exited unexpectedly"
