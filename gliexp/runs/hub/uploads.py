"""Uploads beside training: one at a time, from copies that nothing else touches, and none that fails ends the run."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gliexp.runs.hub.repository import Repository, UploadFailed
from gliexp.runs.hub.staging import Staged, Staging

logger = logging.getLogger("gliexp")


@dataclass(frozen=True)
class Upload:
    """What became of one upload: the commit's address, or why there is none."""

    label: str
    commit: str | None = None
    error: str | None = None


class Uploads:
    """Puts folders of a run on the Hub in the background.

    Files are staged first: a checkpoint may be deleted while it is on its way. What could not be sent stays staged, and
    what an earlier process left there is sent first. Without `always` an upload that comes while another is under way
    is left out. Without `every`, one that could not be sent is forgotten when a later one has had its turn: the Hub
    would show the later one, and copies of every checkpoint would fill the disk.
    """

    def __init__(self, repository: Repository, staging: Staging, *, always: bool, every: bool) -> None:
        self.repository = repository
        self.staging = staging
        self.always = always
        self.every = every
        self.results: list[Upload] = []
        self._failed: list[Staged] = []
        self._orders: queue.Queue[Staged | None] = queue.Queue()
        self._busy = 0
        self._lock = threading.Lock()
        left = staging.left()
        for staged in left if every else left[-1:]:
            logger.info("the upload of %s was not finished before: it is sent now", staged.label)
            self._take(staged)
        self._failed += [] if every else left[:-1]
        # a daemon: an interrupted run does not wait for the network
        self._worker = threading.Thread(target=self._work, name="hub uploads", daemon=True)
        self._worker.start()

    def put(self, label: str, files: Mapping[str, Path]) -> bool:
        """Take an upload; False where it is left out: another one is under way, or there is no room to stage it."""
        if self._busy and not self.always:
            logger.info("the upload of %s is left out: the one before is under way", label)
            return False
        if self.staging.holds(label):
            return True  # a run that went on has come to the same checkpoint again, and the first is on its way
        try:
            staged = self.staging.stage(label, files)
        except OSError as error:
            logger.error("%s cannot be staged for its upload: %s", label, error)
            self.results.append(Upload(label, error=f"cannot be staged: {error}"))
            return False
        self._take(staged)
        return True

    def finish(self) -> list[Upload]:
        """Wait for what was taken and return what became of every upload."""
        self._orders.put(None)
        self._worker.join()
        return self.results

    def _take(self, staged: Staged) -> None:
        with self._lock:
            self._busy += 1
        self._orders.put(staged)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            failed_before = self._failed
            try:
                commit = self.repository.upload(order.files, f"Training in progress, {order.label}")
            except UploadFailed as error:
                logger.error("the upload of %s failed: %s; its files stay in %s", order.label, error, order.folder)
                self.results.append(Upload(order.label, error=str(error)))
                self._failed = [order]
            else:
                logger.info("uploaded %s: %s", order.label, commit)
                self.results.append(Upload(order.label, commit=commit))
                self.staging.forget(order)
                self._failed = []
            for older in () if self.every else failed_before:
                self.staging.forget(older)
            with self._lock:
                self._busy -= 1
