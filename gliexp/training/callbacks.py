"""What a run writes and shows while it trains: metrics.jsonl, a progress bar, and a clean end on a signal."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback

from gliexp.models.adapters import budget


class MetricsLog(TrainerCallback):  # type: ignore[misc]
    """Appends every logged dict to metrics.jsonl, one JSON object a line, flushed at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if state.is_world_process_zero and logs:
            line = {"step": state.global_step, "epoch": state.epoch, **_finite(logs)}
            with self.path.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _finite(logs: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: such a value is written as its name, so that it is seen and every reader can parse the line."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in logs.items()
        if isinstance(value, (int, float, str))
    }


class ProgressBar(TrainerCallback):  # type: ignore[misc]
    """A bar on a terminal; off a terminal one line an evaluation, so that logs stay short."""

    def __init__(self, console: Console, metric: str) -> None:
        self.console = console
        self.metric = metric
        self.loss = math.nan
        self.progress = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self.progress.start()
            self.bar = self.progress.add_task("training", total=state.max_steps, completed=state.global_step, note="")

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            self.progress.update(self.bar, completed=state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if logs and "loss" in logs and state.is_world_process_zero:
            self.loss = float(logs["loss"])
            self.progress.update(self.bar, note=f"loss {self.loss:.4g}")

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        value = (metrics or {}).get(f"eval_{self.metric}")
        if value is not None and state.is_world_process_zero:
            epoch = f"epoch {state.epoch:.4g}/{state.num_train_epochs}" if state.epoch is not None else "start"
            loss = f", loss {self.loss:.4g}" if math.isfinite(self.loss) else ""
            self.console.print(
                f"{epoch}, step {state.global_step}{loss}, dev {self.metric} {value:.4f}", highlight=False
            )

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress.stop()


class EndOnSignal(TrainerCallback):  # type: ignore[misc]
    """On SIGINT or SIGTERM: finish the step, write a checkpoint, stop. A second signal ends the process at once."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.received: int | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> EndOnSignal:
        for number in self.SIGNALS:
            self._previous[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.received is not None:
            control.should_save = True
            control.should_training_stop = True


class RankBudget(TrainerCallback):  # type: ignore[misc]
    """Lets AdaLoRA take rank away, between the optimizer's step and the end of the gradients."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        budget.start(self.model, state.max_steps)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        budget.advance(self.model, state.global_step + 1)
