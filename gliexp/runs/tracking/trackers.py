"""All trackers of a run behind one callback: each gets everything, and one that fails is left out, not the run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from gliexp.config.schema import Config
from gliexp.runs.tracking.guarded import Guarded
from gliexp.runs.tracking.machine import Machine
from gliexp.runs.tracking.tracker import Beginning, Ending, Tracker, flat

logger = logging.getLogger("gliexp")

OWN = ("wandb", "tensorboard", "trackio", "mlflow")
LOCAL = "tensorboard"
"""The one that is not asked whether it may send: it does not."""
FAILURES = 3  # in a row, after which a tracker is not asked again
FOLDERS = {"eval_": "eval", "test_": "test", "train_": "whole"}
"""Beginnings of names; those of the Trainer's closing words (train_runtime, and train_loss: the mean) are the last."""


class Trackers(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Hands the run's story to every tracker, and notes what each could not take."""

    def __init__(self, config: Config, beginning: Beginning) -> None:
        self.failed: dict[str, list[str]] = {}
        self.given_up: set[str] = set()
        self.trackers: list[Tracker] = []
        self.foreign = [Guarded(name) for name in chosen(config) if name not in OWN]
        self.machine = Machine()
        for name in chosen(config):
            if name in OWN and (name == LOCAL or config.tracking.mode != "disabled"):
                self._guarded(name, partial(self._begin, name, config, beginning))

    def _begin(self, name: str, config: Config, beginning: Beginning) -> None:
        self.trackers.append(_make(name, config, beginning))

    @property
    def callbacks(self) -> list[Any]:
        """What the trainer is given: this, and the integrations of transformers for trackers that have no own here."""
        return [self, *self.foreign]

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if state.is_world_process_zero and logs:
            values = {**_named(flat(logs)), **self.machine.figures()}
            self._tell(lambda tracker: tracker.log(values, state.global_step))

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        """Figures by label, which the log of plain numbers leaves out."""
        labels = {name: value for name, value in (metrics or {}).items() if isinstance(value, Mapping)}
        if state.is_world_process_zero and labels:
            self._tell(lambda tracker: tracker.log(_named(flat(labels)), state.global_step))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        directory = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and directory.is_dir():
            self._tell(lambda tracker: tracker.checkpoint(directory, state.global_step))

    def finish(self, ending: Ending) -> dict[str, Any]:
        """End every story; return what run.json says: where each can be seen, and what went wrong."""
        places: dict[str, str] = {}

        def end(tracker: Tracker) -> None:
            places[tracker.name] = tracker.finish(ending)

        self._tell(end)
        failed = {name: errors[0] for name, errors in self.failed.items()}
        failed |= {each.name: each.error for each in self.foreign if each.error is not None}
        return {"places": places, "failed": failed}

    def _tell(self, what: Callable[[Tracker], None]) -> None:
        for tracker in self.trackers:
            if tracker.name not in self.given_up:
                self._guarded(tracker.name, partial(what, tracker))

    def _guarded(self, name: str, what: Callable[[], None]) -> None:
        """Promise of the trackers: whatever they raise, and the network raises everything, training goes on."""
        try:
            what()
        except Exception as error:
            errors = self.failed.setdefault(name, [])
            errors.append(f"{type(error).__name__}: {error}".splitlines()[0])
            logger.error("tracker %s: %s", name, errors[-1], exc_info=len(errors) == 1)
            if len(errors) >= FAILURES:
                self.given_up.add(name)


def chosen(config: Config) -> Sequence[str]:
    """The trackers that training.report_to names."""
    named = config.training.report_to
    return [] if named in (None, "none", "all", []) else [named] if isinstance(named, str) else list(named)


def _make(name: str, config: Config, beginning: Beginning) -> Tracker:
    if name == "wandb":
        from gliexp.runs.tracking.weights_and_biases import WeightsAndBiases

        return WeightsAndBiases(config, beginning)
    if name == "trackio":
        from gliexp.runs.tracking.trackio import Trackio

        return Trackio(config, beginning)
    if name == "mlflow":
        from gliexp.runs.tracking.mlflow import MLflow

        return MLflow(config, beginning)
    from gliexp.runs.tracking.tensorboard import TensorBoard

    return TensorBoard(config, beginning)


def _named(values: Mapping[str, float]) -> dict[str, float]:
    """Names in folders, as trackers show them: eval_ner_micro_f1 → eval/ner_micro_f1, loss → train/loss."""
    return {_placed(name): value for name, value in values.items()}


def _placed(name: str) -> str:
    for prefix, folder in FOLDERS.items():
        if name.startswith(prefix):
            return f"{folder}/{name.removeprefix(prefix)}"
    return f"train/{name}"
