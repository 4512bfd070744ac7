"""How near the training loop comes to what the model alone could do: batches made beforehand, of rows of like length.

    python scripts/benchmark_ceiling.py [--cases span,token] [--rows 64] [--passes 3] [--set KEY=VALUE]

A pass of the loop (everything that a run does but evaluation and saving) and a pass of the model alone follow one
another. The model alone takes forward, backward, clipping and the optimizer's step on the same rows, sorted by cost, so
that the rows of a batch are of like length. Seconds are the processor's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from bench import record
from bench.case import CASES
from bench.counted import PARTS, Work, count
from bench.own import Composition
from transformers import TrainerCallback

from gliexp.config.compose import compose
from gliexp.launch.job import set_environment
from gliexp.runs.prepared import quiet_libraries
from gliexp.training.collator import ROWS
from gliexp.training.rows import Draw


def main(words: Sequence[str] | None = None) -> None:
    """Measure each case and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(case.name for case in CASES))
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    record.add_option(parser)
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    quiet_libraries()
    found = {}
    for case in CASES:
        if case.name not in given.cases.split(",") or not case.is_there:
            continue
        sizes = [f"training.per_device_train_batch_size={given.batch_size}"]
        overrides = case.config([*sizes, f"training.num_train_epochs={given.passes + 1}", *given.set])
        set_environment(compose(overrides))
        trainer = Composition.of(overrides, given.rows, 8).trainer()
        passes = Passes(trainer, given.batch_size)
        count(trainer, passes.work)
        trainer.add_callback(passes)
        trainer.train()
        found[case.name] = passes.figures()
        print(f"{case.name}: {told(found[case.name])}", flush=True)
    record.write(given.json, {"cases": found})


class Passes(TrainerCallback):  # type: ignore[misc]  # transformers is not followed
    """Times each epoch of the loop, and the model alone behind it."""

    def __init__(self, trainer: Any, batch_size: int) -> None:
        self.trainer = trainer
        self.work = Work()
        self.loop: list[dict[str, float]] = []
        self.alone: list[float] = []
        order = sorted(range(len(trainer.rows)), key=lambda number: trainer.costs.work[number])
        self.batches = [self._batch(order[start : start + batch_size]) for start in range(0, len(order), batch_size)]
        self.examples = len(order)

    def _batch(self, numbers: list[int]) -> Any:
        batch = self.trainer.data_collator([self.trainer.train_dataset[Draw(0, number)] for number in numbers])
        batch.pop(ROWS)
        return self.trainer._prepare_inputs(batch)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self.work.start()

    def on_epoch_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        self.loop.append(self.work.stop())
        started = time.process_time()
        for batch in self.batches:
            self._step(batch)
        self.alone.append(time.process_time() - started)

    def _step(self, batch: Any) -> None:
        trainer = self.trainer
        trainer.accelerator.backward(trainer.compute_loss(trainer.model, batch))
        trainer.accelerator.clip_grad_norm_(trainer.model.parameters(), trainer.args.max_grad_norm)
        trainer.optimizer.step()
        trainer.model.zero_grad()

    def figures(self) -> dict[str, Any]:
        """Both speeds, how near they are, and the parts of a step of the loop; the first pass is a warm-up."""
        loop = [one["examples"] / one["processor"] for one in self.loop[1:]]
        alone = [self.examples / seconds for seconds in self.alone[1:]]
        near = median(one / other for one, other in zip(loop, alone, strict=True))
        shares = {part: median(one[part] / one["processor"] for one in self.loop[1:]) for part in PARTS}
        shares["the loop's own"] = 1 - sum(shares.values())
        return {"loop": median(loop), "alone": median(alone), "near": near, "shares": shares}


def told(figures: dict[str, Any]) -> str:
    """The figures of a case in a line."""
    parts = ", ".join(f"{part} {share:.1%}" for part, share in figures["shares"].items())
    return f"loop {figures['loop']:.2f} examples/s, model alone {figures['alone']:.2f}: {figures['near']:.0%}; {parts}"


if __name__ == "__main__":
    main(sys.argv[1:])
