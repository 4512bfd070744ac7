"""Whether what a run keeps fits on its disk, and what a step needs into its memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch

from gliexp.config.compose import Composed
from gliexp.errors import Problem
from gliexp.training.footprint import Footprint, readable


def disk(composed: Composed, footprint: Footprint, steps: int) -> tuple[str, list[Problem]]:
    """A line about the disk, and the problem if its free space does not hold the checkpoints and the model.

    A checkpoint is the weights, and the optimizer's state unless save_only_model is on.
    """
    training = composed.config.training
    one = footprint.weights + (0 if training.save_only_model else footprint.optimizer)
    kept = _checkpoints(composed, steps)
    # A new checkpoint is whole before the oldest goes; the model and its adapter are written beside them.
    needed = one * (kept + (1 if kept else 0)) + 2 * footprint.weights
    place = Path(training.output_dir or composed.config.run.root).absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    line = f"disk: {kept} checkpoints of {readable(one)} and the model, {readable(needed)} of {readable(free)} free"
    if needed <= free:
        return line, []
    allowed = (
        f"at most {readable(free)}: fewer training.save_total_limit, training.save_only_model=true, another run.root"
    )
    return line, [Problem("training.save_total_limit", f"{readable(needed)} would be written to {place}", allowed)]


def _checkpoints(composed: Composed, steps: int) -> int:
    """How many checkpoints are on disk at once at most."""
    training = composed.config.training
    if training.save_strategy == "no":
        return 0
    if training.save_strategy == "steps":
        every = training.save_steps if training.save_steps >= 1 else training.save_steps * steps
        saved = max(1, int(steps // max(1, every)))
    else:
        saved = max(1, round(training.num_train_epochs)) if training.max_steps < 0 else 1
    limit = training.save_total_limit
    return saved if limit is None else min(saved, limit + int(training.load_best_model_at_end))


def memory(composed: Composed, footprint: Footprint) -> tuple[str, list[Problem]]:
    """A line about the device's memory, and the problem if a step does not fit."""
    name, free = _device(composed)
    line = f"{footprint}; {readable(free)} free on {name}"
    if footprint.total <= free:
        return line, []
    allowed = f"at most {readable(free)}: fewer rows a step and more gradient accumulation, or peft=lora"
    message = f"a step needs about {readable(footprint.total)} on {name}"
    return line, [Problem("training.per_device_train_batch_size", message, allowed)]


def _device(composed: Composed) -> tuple[str, int]:
    if torch.cuda.is_available() and not composed.config.training.use_cpu:
        return torch.cuda.get_device_name(0), int(torch.cuda.mem_get_info(0)[0])
    for line in Path("/proc/meminfo").read_text().splitlines() if Path("/proc/meminfo").is_file() else []:
        if line.startswith("MemAvailable:"):
            return "the CPU", int(line.split()[1]) * 1024
    return "the CPU", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
