"""A collator that is watched: what fails in it, in this process or in a worker, can be told with the rows it was at."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.data import get_worker_info

from gliexp.errors import GliexpError
from gliexp.training.collator import ROWS
from gliexp.training.rows import DrawnRow

FAILED = "collating_failed"
"""Batch entry that holds the text of what went wrong where a batch could not be made; the rows are named beside it."""
IDLE = -1

Collate = Callable[[Sequence[DrawnRow]], dict[str, Any]]


class WatchedCollator:
    """Calls `collate`; an exception becomes a batch that says so, which the trainer raises at its step.

    (torch carries an exception from a worker as a traceback in a string, without the rows.) While a worker is at a
    batch, the rows' numbers stand in memory that the processes share: a worker that is killed leaves them there. A
    filler's batch is of no rows.
    """

    def __init__(self, collate: Collate, workers: int, size: int) -> None:
        self.collate = collate
        self.at = torch.full((max(workers, 1), max(size, 1)), IDLE, dtype=torch.int64)
        self.at.share_memory_()  # type: ignore[no-untyped-call]

    def __call__(self, drawn: Sequence[DrawnRow]) -> dict[str, Any]:
        numbers = [item.draw.number for item in drawn]
        worker = get_worker_info()
        if worker is not None:
            self._note(worker.id, numbers)
        try:
            batch = self.collate(drawn)
        except GliexpError as error:
            return {ROWS: numbers, FAILED: str(error)}
        except MemoryError:
            return {ROWS: numbers, FAILED: OUT_OF_HOST_MEMORY}
        except Exception as error:  # noqa: BLE001 - told with its rows at the step that asked for the batch
            return {ROWS: numbers, FAILED: f"{type(error).__name__}: {error}"}
        if worker is not None:
            self._note(worker.id, [])
        if drawn[0].draw.filler:
            batch[ROWS] = []
        return batch

    def _note(self, worker: int, numbers: Sequence[int]) -> None:
        row = torch.full((self.at.shape[1],), IDLE, dtype=torch.int64)
        kept = numbers[: len(row)]
        row[: len(kept)] = torch.tensor(kept, dtype=torch.int64)
        self.at[worker] = row

    def unfinished(self) -> list[int]:
        """Rows of the batches that workers are at, or were at when they died."""
        return [number for row in self.at.tolist() for number in row if number != IDLE]


def death_of_worker(error: BaseException) -> str | None:
    """What torch says of the data worker that died, where `error` comes of that; None where it does not.

    torch looks for dead workers when this process is told that a child ended, and raises wherever it is then. A batch
    that was under way from the worker may break off before, with an error of the connection; then it is waited for.
    """
    try:  # torch may raise in any of these lines
        found = SAID_BY_TORCH.search(str(error))
        if found is not None:
            return found[0].strip()
        broken = isinstance(error, (ConnectionError, EOFError))
        for _ in range(LOOKS if broken else 1):
            torch._C._error_if_any_worker_fails()
            time.sleep(PAUSE if broken else 0)
    except RuntimeError as died:
        return str(died).strip()
    return None


SAID_BY_TORCH = re.compile(r"DataLoader worker.*")
LOOKS, PAUSE = 20, 0.05
OUT_OF_HOST_MEMORY = (
    "the host's memory is full (MemoryError). Fewer training.dataloader_num_workers, a smaller "
    "training.per_device_train_batch_size or shorter rows need less"
)
