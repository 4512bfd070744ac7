"""What a run writes and shows while it trains: metrics.jsonl and a progress bar; and the steps of AdaLoRA's budget."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback

from gliexp.models.adapters import budget


class MetricsLog(TrainerCallback):  # type: ignore[misc]
    """Appends every logged dict to metrics.jsonl, one JSON object a line, flushed at once.

    A training that goes on from a checkpoint begins with the lines up to it, from the checkpoint: what a killed one
    had logged since is logged again, and a line that it had half written is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.is_world_process_zero:
            beside = self.path.with_name(f".{self.path.name}.part")
            beside.write_text("".join(map(_line, state.log_history)), encoding="utf-8")
            beside.replace(self.path)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        if state.is_world_process_zero and logs:
            with self.path.open("a", encoding="utf-8") as out:
                out.write(_line({"step": state.global_step, "epoch": state.epoch, **logs}))


def _line(logs: Mapping[str, Any]) -> str:
    ordered = {"step": logs["step"], "epoch": logs.get("epoch"), **_finite(logs)}
    return json.dumps(ordered, ensure_ascii=False) + "\n"


def _finite(logs: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: such a value is written as its name, so that it is seen and every reader can parse the line."""
    return {
        key: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in logs.items()
        if isinstance(value, (int, float, str))
    }


class ProgressBar(TrainerCallback):  # type: ignore[misc]
    """A bar on a terminal, unless it is `hidden`; everywhere one line an evaluation, so that logs stay short."""

    def __init__(self, console: Console, metric: str, *, hidden: bool = False) -> None:
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
            disable=hidden or not console.is_terminal,
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


class EpochEnd(TrainerCallback):  # type: ignore[misc]
    """Calls `judge(epoch_over=True)` when a whole epoch is over, and not where one is broken off."""

    def __init__(self, judge: Callable[..., None]) -> None:
        self.judge = judge

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if abs(state.epoch - round(state.epoch)) < 1e-6:
            self.judge(epoch_over=True)


class EndWhenHopeless(TrainerCallback):  # type: ignore[misc]
    """Ends training at an evaluation after which `should_end` says so; `ended_at` is that step, or None."""

    def __init__(self, metric: str, should_end: Callable[[int, float], bool]) -> None:
        self.metric = metric
        self.should_end = should_end
        self.ended_at: int | None = None

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any] | None = None, **_: Any
    ) -> None:
        value = (metrics or {}).get(f"eval_{self.metric}")
        told = value is not None and state.is_world_process_zero and self.should_end(state.global_step, float(value))
        if args.world_size > 1:  # all processes end where the first one is told to
            said = torch.tensor(int(told), device=args.device)
            torch.distributed.broadcast(said, src=0)
            told = bool(said)
        if told:
            self.ended_at = state.global_step
            control.should_training_stop = True


class RankBudget(TrainerCallback):  # type: ignore[misc]
    """Lets AdaLoRA take rank away, between the optimizer's step and the end of the gradients."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        budget.start(self.model, state.max_steps)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        budget.advance(self.model, state.global_step + 1)
