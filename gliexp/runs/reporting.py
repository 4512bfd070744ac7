"""What of a run leaves its directory: figures to trackers, models to the Hub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from rich.console import Console

from gliexp.config.compose import Composed
from gliexp.errors import Interrupted
from gliexp.runs.hub import publishing
from gliexp.runs.record import RunRecord, write_json
from gliexp.runs.tracking.tracker import Beginning, Ending
from gliexp.runs.tracking.trackers import Trackers, chosen
from gliexp.training.requests import Requests, Stopped

ERRORS = 100  # wrongly predicted rows in a tracker's table


class Reporting:
    """A run's reports from its start to its end, in a `with` block: a run that fails is reported as failed.

    Made before anything is loaded: a repository that could not be written to at the end is refused (Refusal) now.
    """

    def __init__(self, composed: Composed, directory: Path, record: RunRecord, *, resumed: bool) -> None:
        self.composed = composed
        self.directory = directory
        self.record = record
        self.resumed = resumed
        config = composed.config
        self.published = publishing.of(config, directory) if config.training.push_to_hub else None
        self.trackers: Trackers | None = None

    def __enter__(self) -> Reporting:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and self.trackers is not None:
            interrupted = isinstance(error, (Interrupted, Stopped, KeyboardInterrupt))
            self.trackers.finish(Ending("interrupted" if interrupted else "failed"))

    def begin(self) -> list[Any]:
        """Start the trackers, which are told what run.json knows by now; return callbacks for the trainer."""
        callbacks: list[Any] = [] if self.published is None else [self.published.callback]
        if not chosen(self.composed.config):
            return callbacks
        told = Beginning(
            self.directory,
            self.composed.name,
            self.composed.tree,
            self.record.document,
            group=_sweep(),
            resumed=self.resumed,
        )
        self.trackers = Trackers(self.composed.config, told)
        return [*callbacks, *self.trackers.callbacks]

    def end(
        self, console: Console, metrics: Mapping[str, Any], errors: Sequence[Mapping[str, str]], requests: Requests
    ) -> None:
        """Tell the trackers the result, put the model on the Hub, and say what became of it all.

        What fails here fails no run: it is printed, and noted in run.json. So is what a signal breaks off, before
        Stopped is raised.
        """
        lines: list[str] = []
        try:
            with requests.breaking_off("interrupted while the finished run was reported"):
                self._end(console, metrics, errors, lines)
        except Stopped as error:
            if self.published is not None:
                found = self.published.broken_off(str(error))
                self.record.try_update(hub=found)
                lines += self.published.told(found)
            raise
        finally:
            for line in lines:
                console.print(line, highlight=False, soft_wrap=True)

    def _end(
        self, console: Console, metrics: Mapping[str, Any], errors: Sequence[Mapping[str, str]], lines: list[str]
    ) -> None:
        if self.trackers is not None:
            trackers, self.trackers = self.trackers, None
            told = trackers.finish(Ending("done", metrics, errors))
            self.record.update(tracking=told)
            lines += [f"{name:<7} {place}" for name, place in told["places"].items()]
            lines += [f"{name} took not everything: {error}" for name, error in told["failed"].items()]
        if self.published is not None:
            with console.status(f"uploading to {self.published.target.name}"):
                found = self.published.finish()
            self.record.update(hub=found)
            lines += self.published.told(found)


def catch_up(composed: Composed, directory: Path, console: Console) -> None:
    """Put a finished run's model on the Hub where it was to be and did not arrive before its process ended."""
    record = directory / "run.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    if not composed.config.training.push_to_hub or publishing.is_complete(document.get("hub")):
        return
    published = publishing.of(composed.config, directory)
    assert published is not None  # push_to_hub is on
    found = published.finish()
    write_json(record, {**document, "hub": found})
    for line in published.told(found):
        console.print(line, highlight=False, soft_wrap=True)


def wrong(parts: Sequence[Sequence[Mapping[str, str]]]) -> list[dict[str, str]]:
    """A table of wrongly predicted rows from an ending's examples: text, what was missed, what was spurious."""
    rows = []
    for row in parts:
        missed, spurious = (_of_kind(row, kind) for kind in ("missed", "spurious"))
        if missed or spurious:
            rows.append({"text": " ".join(part["text"] for part in row), "missed": missed, "spurious": spurious})
    return rows[:ERRORS]


def _of_kind(parts: Sequence[Mapping[str, str]], kind: str) -> str:
    return ", ".join(f"{part['text']} ({part['label']})" for part in parts if part["kind"] == kind)


def _sweep() -> str | None:
    """What the members of a sweep have in common: its directory; None outside a sweep."""
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return None
    return str(HydraConfig.get().sweep.dir)
