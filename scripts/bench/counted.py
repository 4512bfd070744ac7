"""What a trainer does, counted batch by batch, and a place to wait between its steps."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, ClassVar

import torch
from torch.utils.data import Dataset
from transformers import TrainerCallback


@dataclass
class Work:
    """What was done since the last `start`: sub-tokens of texts, prompts and labels, padding among them.

    The parts of a step are told by `clock`, in seconds of the processor where nobody puts another in its place.
    `seconds` are elapsed ones, until the device has done all that it was given.
    """

    clock: ClassVar[Callable[[], float]] = staticmethod(time.process_time)
    splits: ClassVar[bool] = True
    """Whether the parts are timed: on a GPU that makes the processor wait for it."""

    examples: int = 0
    tokens: int = 0
    cells: int = 0
    loss: float = 0.0
    steps: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    data: float = 0.0
    forward: float = 0.0
    backward: float = 0.0
    optimizer: float = 0.0

    def __post_init__(self) -> None:
        # their values are asked for at the end, so that a GPU is not awaited in between
        self.losses: list[torch.Tensor] = []
        self.counted: list[torch.Tensor] = []

    def begin(self, part: str) -> None:
        """From now on the clock's seconds are those of `part`, one of PARTS."""
        if self.splits:
            setattr(self, part, getattr(self, part) - Work.clock())

    def end(self, part: str) -> None:
        """Until now they were."""
        if self.splits:
            setattr(self, part, getattr(self, part) + Work.clock())

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call as a part."""

        @wraps(call)
        def timing(*given: Any, **options: Any) -> Any:
            self.begin(part)
            try:
                return call(*given, **options)
            finally:
                self.end(part)

        return timing

    def start(self) -> None:
        """Begin at nothing."""
        self.__init__()  # type: ignore[misc]
        await_device()
        self.seconds, self.processor = -time.perf_counter(), -time.process_time()

    def stop(self) -> dict[str, float]:
        """The figures, with the peak of memory so far, in MB: the GPU's where one is used, else the resident."""
        await_device()
        self.seconds += time.perf_counter()
        self.processor += time.process_time()
        used = torch.cuda.max_memory_allocated() / 2**20 if uses_gpu() else 0.0
        peak = used or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.loss = sum(float(loss) for loss in self.losses)
        self.tokens = sum(int(number) for number in self.counted)
        return {**{field.name: getattr(self, field.name) for field in fields(self)}, "peak": peak}

    def add(self, inputs: Mapping[str, Any]) -> None:
        """Count a batch as it comes from the collator."""
        self.examples += len(inputs["input_ids"])
        for name, value in inputs.items():
            if name.endswith("attention_mask") and torch.is_tensor(value):
                self.counted.append(value.sum())
                self.cells += value.numel()


def await_device() -> None:
    """Until the GPU has done what it was given; at once where none is used."""
    if uses_gpu():
        torch.cuda.synchronize()


def uses_gpu() -> bool:
    """Whether this process has put anything on a GPU."""
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


def elapsed() -> float:
    """Seconds of the clock once the device is done: what the parts of a step are told by on a GPU."""
    await_device()
    return time.perf_counter()


class Turns(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Calls `wait` before the first step and after every one."""

    def __init__(self, work: Work, wait: Callable[[Any], None]) -> None:
        self.work = work
        self.wait = wait

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self.wait(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self.work.steps += 1
        self.wait(state)


class Fetched(Dataset[Any]):
    """A dataset whose rows are timed as data: gliclass's tokenises when it is asked for one."""

    def __init__(self, dataset: Any, work: Work) -> None:
        self.dataset = dataset
        self.fetch = work.timed("data", dataset.__getitem__)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> Any:
        return self.fetch(index)


PARTS = ("data", "forward", "backward", "optimizer")
"""What a step is divided into; the rest is the loop's own."""


def count(trainer: Any, work: Work) -> None:
    """Let `trainer` count what it trains on and time the parts of its steps; what it does stays as it is."""
    step, make = trainer.training_step, trainer.create_optimizer

    def counting(model: Any, inputs: Any, *others: Any, **options: Any) -> Any:
        work.add(inputs)
        loss = step(model, inputs, *others, **options)
        work.losses.append(loss.detach())
        return loss

    def making(*given: Any) -> Any:
        optimizer = make(*given)
        optimizer.register_step_pre_hook(lambda *_: work.begin("optimizer"))
        optimizer.register_step_post_hook(lambda *_: work.end("optimizer"))
        return optimizer

    trainer.training_step, trainer.create_optimizer = counting, making
    trainer.train_dataset = Fetched(trainer.train_dataset, work)
    trainer.data_collator = work.timed("data", trainer.data_collator)
    trainer.compute_loss = work.timed("forward", trainer.compute_loss)
    trainer.accelerator.backward = work.timed("backward", trainer.accelerator.backward)
    trainer.accelerator.clip_grad_norm_ = work.timed("optimizer", trainer.accelerator.clip_grad_norm_)
