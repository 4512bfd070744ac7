"""One training step and one evaluation on the CPU, as the run would make them, on a few rows; nothing is kept."""

from __future__ import annotations

import copy
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from gliexp.config.compose import Composed
from gliexp.errors import Problem, Refusal
from gliexp.runs.built import Built
from gliexp.runs.families import Family
from gliexp.runs.shown import Shown
from gliexp.training.footprint import Footprint

ROWS = 2
"""Rows of the step, and dev rows that are scored."""


@dataclass(frozen=True)
class Trial:
    """What the step showed: its loss, the memory of a step at the run's own batch size, names of the dev metrics."""

    loss: float
    footprint: Footprint
    metrics: tuple[str, ...]


def trial(composed: Composed, built: Built, shown: Shown, family: Family) -> Trial:
    """Step once and score.

    Raises Refusal where the step changes nothing, RunFailed where it fails.
    """
    wanted = composed.config.training
    few = replace(shown, splits=replace(shown.splits, dev=shown.splits.dev[:ROWS]))
    with tempfile.TemporaryDirectory() as directory:
        trainer = family.stages.make_trainer(_one_step(composed), built, few, Path(directory), [])
        measured = trainer.footprint()
        before = {name: p.detach().clone() for name, p in trainer.model.named_parameters() if p.requires_grad}
        if not before:
            raise Refusal([Problem("model", "no parameter of it trains", "peft.heads=full, or model.fine_tune=true")])
        result = trainer.train()
        if not any(not torch.equal(before[name], p) for name, p in trainer.model.named_parameters() if name in before):
            rates = f"learning_rate={wanted.learning_rate:g}, others_lr={wanted.others_lr}"
            raise Refusal([Problem("training.learning_rate", f"a step changes no weight ({rates})", "a rate above 0")])
        metrics = trainer.evaluate(shown.splits.dev[:ROWS]) if shown.splits.dev else {}
    times = wanted.per_device_train_batch_size / min(ROWS, wanted.per_device_train_batch_size)
    footprint = replace(measured, activations=int(measured.activations * times))
    return Trial(float(result.training_loss), footprint, tuple(sorted(metrics)))


def _one_step(composed: Composed) -> Composed:
    """The same run for one step at its full rate, on the CPU, without checkpoints, trackers or hub."""
    config = copy.deepcopy(composed.config)
    training = config.training
    training.max_steps, training.gradient_accumulation_steps = 1, 1
    training.per_device_train_batch_size = min(ROWS, training.per_device_train_batch_size)
    training.warmup_steps = training.warmup_ratio = 0.0
    training.lr_scheduler_type, training.lr_scheduler_kwargs = "constant", None
    training.use_cpu, training.fp16, training.bf16, training.tf32 = True, False, False, None
    training.torch_compile, training.dataloader_num_workers = False, 0
    training.dataloader_persistent_workers, training.dataloader_prefetch_factor = False, None
    training.eval_strategy = training.save_strategy = "no"
    training.load_best_model_at_end = training.eval_on_start = training.push_to_hub = False
    training.early_stopping_patience = training.resume_from_checkpoint = training.output_dir = None
    training.report_to = "none"
    return replace(composed, config=config)
