"""Checkpoints written by the rounds of the HF Trainer's loop: whole or not at all, with all that the loop keeps.

The HF Trainer writes them in place, and leaves out the running loss, the rounds that are still due at a step, and
whether a checkpoint was due or only asked for.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import SaveStrategy

from gliexp.errors import Interrupted, RunFailed
from gliexp.training import checkpoints, manifest
from gliexp.training.manifest import Damaged
from gliexp.training.progress import Due, Progress
from gliexp.training.requests import Requests, Stopped

logger = logging.getLogger("gliexp")

STATE = "trainer_state.json"


class Saving:
    """Goes in front of a trainer of the HF family, as a part of Resumable.

    `requests` are those of the world outside, `run` is said in each manifest.
    """

    requests = Requests()
    run: dict[str, Any] = {}

    args: Any
    state: Any
    control: Any
    accelerator: Any
    callback_handler: Any
    _tr_loss: torch.Tensor
    _total_loss_scalar: float
    _globalstep_last_logged: int
    _round_step = -1
    _written_step = -1
    _last: tuple[float | None, float | None] = (None, None)
    _new_best = False

    def running_state(self) -> dict[str, Any]:
        """What this trainer keeps from step to step beside model, optimizer and schedule, as JSON values."""
        return {}

    def _maybe_log_save_evaluate(
        self,
        tr_loss: torch.Tensor,
        grad_norm: Any,
        model: Any,
        trial: Any,
        epoch: Any,
        ignore_keys_for_eval: Any,
        start_time: float,
        learning_rate: float | None = None,
    ) -> None:
        """A round of logging, evaluation and saving, after a step or at an epoch's end; then what was asked for."""
        in_epoch_end = self._round_step == self.state.global_step
        self._round_step = self.state.global_step
        self._last = (None if grad_norm is None else float(grad_norm), learning_rate)
        scheduled, self.control.should_save = self.control.should_save, False
        self._new_best = False
        given = (tr_loss, grad_norm, model, trial, epoch, ignore_keys_for_eval, start_time)
        due = Due(in_epoch_end, self.control.should_evaluate, scheduled, self.control.should_training_stop)
        try:
            super()._maybe_log_save_evaluate(*given, learning_rate=learning_rate)  # type: ignore[misc]
        except Stopped:
            self._stop(due)
        due = Due(in_epoch_end, stop=self.control.should_training_stop)
        if scheduled or self._new_best:
            self._write(due, scheduled=True)
        stop, save = self._asked()
        if save:
            if self._written_step != self.state.global_step:
                self._write(due, scheduled=False)
            logger.info("a checkpoint of step %d was asked for and written", self.state.global_step)
            self.requests.saved()
        if stop:
            self._stop(due)

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """The HF Trainer's, but whether to save for it is told to our round and not to its own."""
        best = super()._determine_best_metric(metrics, trial)  # type: ignore[misc]
        self._new_best = bool(best) and self.args.save_strategy == SaveStrategy.BEST
        return False

    def _asked(self) -> tuple[bool, bool]:
        """Whether to stop and whether to save; processes of one run are asked at different moments and act together."""
        stop, save = self.requests.stop or 0, self.requests.wants_save()
        if self.args.world_size > 1:
            said = torch.tensor([stop, int(save)], device=self.args.device)
            torch.distributed.all_reduce(said, op=torch.distributed.ReduceOp.MAX)
            stop, save = int(said[0]), bool(said[1])
            self.requests.stop = stop or None
        return bool(stop), save

    def _stop(self, due: Due) -> None:
        step = self.state.global_step
        if self._written_step != step:
            self._write(due, scheduled=False)
        where = checkpoints.place(Path(self.args.output_dir), step)
        raise Interrupted(f"interrupted at step {step}; the checkpoint is {where}", self.requests.stop or 0)

    def _told_of_end(self) -> str | None:
        """What is said when a signal ends the run after training: where it goes on; None where it would lose the steps.

        Then it is let come to its end.
        """
        last = checkpoints.place(Path(self.args.output_dir), self.state.global_step)
        if not checkpoints.is_whole(last):
            return None
        return f"interrupted after the last step, before the model was saved; the checkpoint is {last}"

    def breaking_off(self) -> Any:
        """Around an evaluation: a signal ends it at once where no other process waits for this one."""
        return self.requests.breaking_off("evaluation") if self.args.world_size == 1 else nullcontext()

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """A checkpoint outside of the rounds, for trainers that want one."""
        self._write(Due(stop=self.control.should_training_stop), scheduled=True)

    def _write(self, due: Due, *, scheduled: bool) -> None:
        """Write a checkpoint whole or not at all, thin out older ones, tell the callbacks."""
        step, root, main = self.state.global_step, Path(self.args.output_dir), self.args.should_save
        together = self.accelerator.wait_for_everyone
        resumable = not (scheduled and self.args.save_only_model)
        try:
            with checkpoints.staged(root, step, main=main, together=together) as fresh:
                self.store_flos()  # type: ignore[attr-defined]
                self._note_best(root, step, scheduled)
                self.save_model(str(fresh), _internal_call=True)  # type: ignore[attr-defined]
                if resumable:
                    self._save_optimizer_and_scheduler(str(fresh))  # type: ignore[attr-defined]
                    self._save_scaler(str(fresh))  # type: ignore[attr-defined]
                self._progress_at(due).write(fresh, self.args.process_index)
                if main:
                    self._write_state(fresh / STATE)
                together()
                if main:
                    checkpoints.commit(
                        fresh,
                        step=step,
                        scheduled=scheduled,
                        resumable=resumable,
                        best_step=step_of(self.state.best_model_checkpoint),
                        run=self.run,
                    )
                together()
        except (OSError, RuntimeError, SafetensorError) as error:
            kept = checkpoints.newest(root, with_best=False).path
            rest = f"{kept.name} is whole and can be gone on from" if kept else "there is none before it"
            raise RunFailed(f"the checkpoint of step {step} cannot be written: {error}; {rest}") from error
        self._written_step = step
        if main:
            best = step_of(self.state.best_model_checkpoint)
            checkpoints.thin_out(root, self.args.save_total_limit, best=best, newest_step=step)
        self.control = self.callback_handler.on_save(self.args, self.state, self.control)

    def _note_best(self, root: Path, step: int, scheduled: bool) -> None:
        """The best of the checkpoints that were due; one that was asked for would make the choice depend on when."""
        best = self.state.best_global_step
        if best and ((best == step and scheduled) or checkpoints.is_scheduled(checkpoints.place(root, best))):
            self.state.best_model_checkpoint = str(checkpoints.place(root, best))

    def _progress_at(self, due: Due) -> Progress:
        norm, rate = self._last
        return Progress(
            due,
            float(self._tr_loss),
            self._total_loss_scalar,
            self._globalstep_last_logged,
            norm,
            rate,
            self.running_state(),
        )

    def _write_state(self, path: Path) -> None:
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        self.state.save_to_json(str(path))

    def _finalize_training(self, trial: Any, num_train_samples: int, start_time: float) -> Any:
        """The end of the loop, without its removal of the newest checkpoint, from which scoring could be made again."""
        best = self.state.best_model_checkpoint
        if self.args.load_best_model_at_end and best is not None:
            try:
                manifest.verify(Path(best))
            except Damaged as error:
                raise RunFailed(f"the best checkpoint cannot be loaded, {best}: {error}") from error
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            return super()._finalize_training(trial, num_train_samples, start_time)  # type: ignore[misc]
        finally:
            self.args.save_total_limit = limit


def step_of(path: str | None) -> int | None:
    """The step of a checkpoint's path."""
    return None if path is None else int(Path(path).name.rsplit("-", 1)[-1])
