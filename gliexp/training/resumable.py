"""A training that goes on from a checkpoint as if it had never ended; goes in front of a trainer of the HF family.

The HF Trainer forgets what its loop keeps (the running loss, the rounds still due at a step, the counts of early
stopping), and continues one random stream, which an evaluation or another number of workers moves.
"""

from __future__ import annotations

import time
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import TrainerCallback, set_seed
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME
from transformers.trainer_callback import ExportableState

from gliexp.errors import Interrupted, Problem, Refusal
from gliexp.training import checkpoints
from gliexp.training.collator import stable_seed
from gliexp.training.progress import Progress
from gliexp.training.saving import Saving, step_of

KEY = "training.resume_from_checkpoint"


class Resumable(Saving):
    """A kind of trainer that keeps more from step to step overrides `running_state` and `restore_running_state`.

    It draws nothing outside of its steps: each begins with random numbers that (seed, step, rank) determine.
    """

    is_deepspeed_enabled: bool
    is_fsdp_enabled: bool
    optimizer: Any
    lr_scheduler: Any
    model: Any
    model_wrapped: Any

    def restore_running_state(self, state: dict[str, Any]) -> None:
        """Take over what `running_state` gave in the run that is gone on with."""

    # -- random numbers -------------------------------------------------------------------------------------------

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> Any:
        """The loop's next micro-batches; what their steps draw (dropout …) depends on (seed, step, rank) alone."""
        batches = super().get_batch_samples(epoch_iterator, num_batches, device)  # type: ignore[misc]
        seed = stable_seed("step", self.args.seed, self.state.global_step, self.args.process_index)
        set_seed(seed % 2**32)
        return batches

    def _save_rng_state(self, output_dir: str) -> None:
        """Nothing: no step depends on where a random stream stood."""

    def _load_rng_state(self, checkpoint: str | None) -> None:
        """Nothing; it would put the stream of an earlier step over that of the step to come."""

    # -- going on -------------------------------------------------------------------------------------------------

    def train(self, resume_from_checkpoint: str | None = None, *args: Any, **options: Any) -> Any:
        """The loop, from the beginning or from a checkpoint.

        Raises Interrupted when a signal ended it, after a checkpoint; Refusal where the checkpoint does not fit.
        """
        self._progress: Progress | None = None
        self._last: tuple[float | None, float | None] = (None, None)
        self._round_step = -1
        self._written_step = -1
        self.args.ignore_data_skip = False
        if resume_from_checkpoint is not None:
            self.args.eval_on_start = False
        following = CatchUp(self)
        self.add_callback(following)  # type: ignore[attr-defined]  # last, so that the others have begun
        self.requests.from_here(None)
        try:
            result = super().train(resume_from_checkpoint, *args, **options)  # type: ignore[misc]
        except Interrupted:
            self.callback_handler.on_train_end(self.args, self.state, self.control)
            raise
        finally:
            self.remove_callback(following)  # type: ignore[attr-defined]
        self.requests.from_here(self._told_of_end())
        return result

    def _init_training_state(
        self, max_steps: int, num_update_steps_per_epoch: int, num_train_epochs: int, resume: str | None, trial: Any
    ) -> Any:
        begun = super()._init_training_state(  # type: ignore[misc]
            max_steps, num_update_steps_per_epoch, num_train_epochs, resume, trial
        )
        if resume is not None:
            source = Path(resume)
            # the schedule of the config that runs, not of the one that wrote the checkpoint
            self.state.compute_steps(self.args, max_steps)
            self._progress = Progress.read(source, self.args.process_index)
            best = step_of(self.state.best_model_checkpoint)
            if best is not None:  # the whole directory may have moved since
                self.state.best_model_checkpoint = str(checkpoints.place(source.parent, best))
        return begun

    def _load_callback_state(self) -> None:
        """Give callbacks that count (early stopping) their counts back; the HF Trainer does so on request only."""
        for callback in self.callback_handler.callbacks:
            stored = self.state.stateful_callbacks.get(type(callback).__name__)
            if isinstance(callback, ExportableState) and isinstance(stored, dict):
                for name, value in stored.get("attributes", {}).items():
                    setattr(callback, name, value)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        try:
            super()._load_from_checkpoint(resume_from_checkpoint, model)  # type: ignore[misc]
        except (RuntimeError, KeyError, ValueError, OSError, SafetensorError) as error:
            raise _unfit(resume_from_checkpoint, "the weights do not fit this model", error) from error

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        """Raises ValueError where the HF Trainer warns: a weight that the checkpoint lacks would start anew."""
        model = self.accelerator.unwrap_model(self.model)
        inner = getattr(model, "model", None)
        tensors = {**(inner.state_dict() if isinstance(inner, nn.Module) else {}), **model.state_dict()}
        missing = set(load_result.missing_keys)
        loaded = {tensor.data_ptr() for name, tensor in tensors.items() if name not in missing}
        odd = [name for name in sorted(missing) if name not in tensors or tensors[name].data_ptr() not in loaded]
        odd += load_result.unexpected_keys
        if odd:
            raise ValueError(f"{len(odd)} weights are in one of them only, such as {', '.join(odd[:3])}")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        try:
            if checkpoint is None or self.is_deepspeed_enabled or self.is_fsdp_enabled:
                super()._load_optimizer_and_scheduler(checkpoint)  # type: ignore[misc]
                return
            # The HF Trainer's, but to the CPU: it loads to the device cpu:0 where processes train together on CPUs,
            # which torch refuses (transformers/trainer.py:3697), and fills a GPU's memory twice. torch moves the state.
            for name, owner in ((OPTIMIZER_NAME, self.optimizer), (SCHEDULER_NAME, self.lr_scheduler)):
                owner.load_state_dict(torch.load(Path(checkpoint) / name, map_location="cpu", weights_only=True))
        except (RuntimeError, KeyError, ValueError, OSError, EOFError, UnpicklingError) as error:
            raise _unfit(checkpoint, "the optimizer's state does not fit this run", error) from error

    def catch_up(self) -> None:
        """Do what the interrupted run had still to do at the step of its checkpoint."""
        progress, self._progress = self._progress, None
        if progress is None:
            return
        self._tr_loss += progress.loss
        self._total_loss_scalar = progress.total_loss
        self._globalstep_last_logged = progress.logged_step
        self.restore_running_state(progress.own)
        due = progress.due
        self._round_step = self.state.global_step if due.in_epoch_end else -1
        self._written_step = -1 if due.evaluate or due.save else self.state.global_step
        self.control.should_training_stop = due.stop
        if due.evaluate or due.save:
            self.control.should_evaluate, self.control.should_save = due.evaluate, due.save
            self._round(progress)
        self._round_step = self.state.global_step
        if not due.in_epoch_end and (self._ends_epoch or self.control.should_training_stop):
            self.control = self.callback_handler.on_epoch_end(self.args, self.state, self.control)
            self._round(progress)

    def _round(self, progress: Progress) -> None:
        self._maybe_log_save_evaluate(
            self._tr_loss,
            progress.gradient_norm,
            self.model_wrapped,
            None,
            int(self.state.epoch or 0),
            None,
            time.time(),
            learning_rate=progress.learning_rate,
        )

    @property
    def _ends_epoch(self) -> bool:
        return bool(self.state.global_step) and float(self.state.epoch).is_integer()

    def _run_epoch(self, *args: Any, **options: Any) -> None:
        """Nothing where the checkpoint was of a training that had come to its end: the loop looks only after a step."""
        if not self.control.should_training_stop:
            super()._run_epoch(*args, **options)  # type: ignore[misc]


class CatchUp(TrainerCallback):  # type: ignore[misc]
    """Lets a resumed training do what was still due, once everything is loaded and before the first step."""

    def __init__(self, trainer: Resumable) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> Any:
        self.trainer.catch_up()
        return self.trainer.control


def _unfit(checkpoint: str | None, what: str, error: Exception) -> Refusal:
    return Refusal([Problem(KEY, f"{checkpoint}: {what}: {error}", "the config that the checkpoint was made with")])
