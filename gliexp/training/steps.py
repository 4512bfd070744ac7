"""One optimizer step: micro-batches forward and backward, in parts where memory is short, never past a fault."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from gliexp.errors import RunFailed
from gliexp.training import bad_step, micro_batches, ranks
from gliexp.training.bad_step import BadStep
from gliexp.training.bundle import MicroBatch, RandomState
from gliexp.training.collator import ROWS
from gliexp.training.faults import Faults, Step
from gliexp.training.ranks import Agreement, Sums
from gliexp.training.rows import Draw
from gliexp.training.unreached import Unreached
from gliexp.training.watched import FAILED, OUT_OF_HOST_MEMORY

logger = logging.getLogger("gliexp")


class Steps(Faults):
    """The steps of a trainer of the HF family; goes in front of it, as a part of Strict.

    `parts` is how many a batch is cut into since memory was short.
    """

    parts = 1

    args: Any
    data_collator: Any
    train_dataset: Any
    current_gradient_accumulation_steps: int
    sums: Sums
    zero_losses: int
    unreached: Unreached | None

    def start_steps(self) -> None:
        """Forget what was noted of an earlier training."""
        self.step = Step()
        self.skipped_steps = []
        self.bundles = []
        self.zero_losses = 0
        self.unreached = Unreached(self.accelerator.unwrap_model(self.model))

    def running_state(self) -> dict[str, Any]:
        """What a checkpoint keeps, so that a resumed run judges as it would have; see Resumable."""
        return {
            "parts": self.parts,
            "zero_losses": self.zero_losses,
            "skipped_steps": self.skipped_steps,
            "bundles": self.bundles,
            "unreached": None if self.unreached is None else self.unreached.noted(),
        }

    def restore_running_state(self, state: Mapping[str, Any]) -> None:
        """Take over what a checkpoint kept."""
        self.parts, self.zero_losses = state["parts"], state["zero_losses"]
        self.skipped_steps, self.bundles = list(state["skipped_steps"]), list(state["bundles"])
        if state["unreached"] is None or self.unreached is None:
            self.unreached = None
        else:
            self.unreached.take_over(state["unreached"])

    # -- what a kind of trainer knows of its batches --------------------------------------------------------------

    def has_trainable_label(self, inputs: Mapping[str, Any]) -> bool:
        """Whether anything of the batch's labels counts in the loss."""
        labels = inputs.get("labels")
        return labels is not None and labels.numel() > 0

    def cells(self, batch: Mapping[str, Any]) -> float:
        """How many cells the loss of a batch is the mean of."""
        return len(batch["labels"])

    def is_summed(self) -> bool:
        """Whether losses are added up over a batch, and not averaged."""
        return False

    def weight_of_part(self, part: Mapping[str, Any], whole: Mapping[str, Any]) -> float:
        """By what the loss of a part of a batch is multiplied, so that all parts add up to the loss of the whole."""
        return 1.0 if self.is_summed() else self.cells(part) / self.cells(whole)

    def totals_in(self, batches: Sequence[MicroBatch]) -> int:
        """How many totals over the ranks are made while these batches are."""
        return len(batches)

    def shared(self, loss: torch.Tensor, share: float) -> torch.Tensor:
        """The loss of a rank's batch by the rank's share of the cells."""
        return loss * share

    def average_gradients(self, model: Any) -> None:
        """Make all gradients the mean over the ranks."""
        ranks.average_gradients(model)

    def penalty(self) -> torch.Tensor | None:
        """What is added to the loss of each batch whatever its rows are."""
        return None

    # -- a micro-batch --------------------------------------------------------------------------------------------

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """Forward and backward of one micro-batch; returns its share of the step's loss, for the log.

        The libraries' own steps go on with a loss of zero: gliner's after out-of-memory
        (gliner/training/trainer.py:289), gliclass's after any exception (gliclass/training.py:489), and gliclass's adds
        up what it accumulates. Raises RunFailed for a bad step that is not to be skipped.
        """
        if len(self.step.batches) >= self.current_gradient_accumulation_steps:
            self.step = Step()  # a trainer that makes several updates of one batch is at the next of them
        batch = MicroBatch(list(inputs.pop(ROWS)), inputs)
        self.step.batches.append(batch)
        if self.step.skipped:
            return self._mean_loss()
        model.train()
        self._average(False)  # type: ignore[attr-defined]
        loss, bad = self._made(model)
        if bad is None:
            self.step.all_zero = self.step.all_zero and float(loss) == 0
            return loss
        self._met(bad, batch)
        return self._mean_loss()

    def _made(self, model: Any) -> tuple[torch.Tensor, BadStep | None]:
        """The last micro-batch's loss, or what was bad; short of memory, the step begins again in smaller parts."""
        agreement = Agreement(self.accelerator)
        todo = self.step.batches[-1:]
        while True:
            loss, bad, outcome = torch.zeros(()), None, Agreement.FINE
            self.sums = Sums(self.accelerator, self.totals_in(todo))
            try:
                for batch in todo:
                    self.step.random = RandomState.now()
                    with ranks.apart(model):
                        loss = self._forward_and_backward(model, batch)
            except BadStep as found:
                bad, outcome = found, Agreement.SKIP if self._may_skip(found) else Agreement.STOP
            except MemoryError:
                bad, outcome = BadStep(bad_step.MEMORY, OUT_OF_HOST_MEMORY), Agreement.STOP
            except Exception as error:  # noqa: BLE001 - told with its rows, whatever it is
                outcome = Agreement.AGAIN
                if not micro_batches.is_out_of_memory(error) or self._is_smallest():
                    bad, outcome = self._explained(error), Agreement.STOP
            self.sums.finish()
            worst = agreement.worst(outcome)
            if worst == Agreement.FINE:
                if self.accelerator.sync_gradients:
                    self.average_gradients(model)
                return agreement.mean(loss), None
            if worst > Agreement.AGAIN:
                elsewhere, skip = "another rank met a bad step at the same time", worst == Agreement.SKIP
                return loss, bad or BadStep(bad_step.EXCEPTION, elsewhere, can_be_skipped=skip)
            self._halve(model)
            todo = self.step.batches  # whatever gradients the step had are gone

    def _forward_and_backward(self, model: Any, batch: MicroBatch) -> torch.Tensor:
        """The loss of a micro-batch, divided by the accumulation, after its gradients were added."""
        if FAILED in batch.inputs:
            raise BadStep(bad_step.EXCEPTION, str(batch.inputs[FAILED]))
        if batch.numbers and not self.has_trainable_label(batch.inputs):
            causes = "rows without labels to choose from, or labels that are all masked or ignored"
            raise BadStep(bad_step.NO_LABEL, "no label of the batch can be trained on", causes)
        share = self._share(batch)
        total = torch.zeros((), device=self.args.device)
        pieces = list(self._pieces(batch))
        for inputs, weight in pieces:
            loss = self.shared(self._loss_of(model, inputs), share) * weight
            penalty = self.penalty()
            if penalty is not None:
                loss = loss + penalty / len(pieces)
            if not torch.isfinite(loss) and self._scaler_skips:
                self.step.overflow = True
            elif not torch.isfinite(loss):
                raise bad_step.non_finite(f"the loss is {loss.item()}", model, inputs, self.args, self._rate())
            if not loss.requires_grad:
                raise BadStep(bad_step.NO_LABEL, "the loss depends on no parameter", "a batch without trainable labels")
            loss = loss / self.current_gradient_accumulation_steps
            self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def _share(self, batch: MicroBatch) -> float:
        """By what this rank's loss is multiplied, so that the ranks' average is the loss of all their rows."""
        if self.accelerator.num_processes == 1:
            return 1.0
        share = self.sums.shares(self.cells(batch.inputs) if batch.numbers else 0.0)[0]
        return float(self.accelerator.num_processes) if share and self.is_summed() else share

    def _loss_of(self, model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
        prepared = self._prepare_inputs(dict(inputs))  # type: ignore[attr-defined]
        with self.compute_loss_context_manager():  # type: ignore[attr-defined]
            loss: torch.Tensor = self.compute_loss(model, prepared)  # type: ignore[attr-defined]
        return loss

    def _pieces(self, batch: MicroBatch) -> Iterator[tuple[Mapping[str, Any], float]]:
        """The batch, or its parts made anew from their rows, each with its weight."""
        if self.parts == 1 or not batch.numbers:
            yield batch.inputs, 1.0
            return
        # state.epoch is e plus the share of epoch e that is done, so this is the epoch the rows were drawn for
        epoch = int(self.state.epoch or 0)
        for numbers in micro_batches.split(batch.numbers, self.parts):
            inputs = self.data_collator([self.train_dataset[Draw(epoch, number)] for number in numbers])
            inputs.pop(ROWS)
            if FAILED in inputs:
                raise BadStep(bad_step.EXCEPTION, str(inputs[FAILED]))
            if inputs.keys() != batch.inputs.keys():
                raise BadStep(bad_step.MEMORY, "out of memory, and this trainer's batches cannot be cut into parts")
            weight = self.weight_of_part(inputs, batch.inputs)
            if weight > 0:
                yield inputs, weight

    # -- what happens to a bad one ---------------------------------------------------------------------------------

    @property
    def _scaler_skips(self) -> bool:
        """fp16's loss scaler leaves out a step whose gradients are not finite: the backward pass tells it of them."""
        return self.rules.skips and self.accelerator.scaler is not None

    def _is_smallest(self) -> bool:
        return self.parts >= max(len(batch.numbers) for batch in self.step.batches)

    def _halve(self, model: Any) -> None:
        self.parts *= 2
        model.zero_grad()
        micro_batches.free()
        rows = math.ceil(max(len(batch.numbers) for batch in self.step.batches) / self.parts)
        logger.warning(
            "step %d: out of memory; from here on a batch goes through in %d parts of at most %d rows, whose gradients "
            "are added (the same update; training.per_device_train_batch_size=%d with "
            "training.gradient_accumulation_steps=%d would be the same)",
            self.state.global_step + 1,
            self.parts,
            rows,
            rows,
            self.args.gradient_accumulation_steps * self.parts,
        )

    def _explained(self, error: Exception) -> BadStep:
        what = f"{type(error).__name__}: {error}"
        if micro_batches.is_out_of_memory(error):
            causes = (
                "a single row needs more memory than there is. Shorter rows (model.max_len, data.max_length, "
                "data.long_doc_chunking.enabled=true), training.gradient_checkpointing=true or training.bf16=true need "
                "less"
            )
            bad = BadStep(bad_step.MEMORY, what, causes)
        else:
            bad = BadStep(bad_step.EXCEPTION, what)
        bad.__cause__ = error
        return bad

    # -- an optimizer step ----------------------------------------------------------------------------------------

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)  # type: ignore[misc]
        self._judge_norm(model, norm)
        return norm

    def _judge_norm(self, model: Any, norm: Any) -> None:
        """Meet a norm that is not finite; of a step that is left out the gradients go."""
        if self.accelerator.scaler is None and not self.step.skipped and not math.isfinite(float(norm)):
            what = f"the gradient norm is {float(norm)}, the losses were finite"
            self._met(bad_step.non_finite(what, model, {}, self.args, self._rate()))
        if self.step.skipped:
            model.zero_grad(set_to_none=True)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The norm of the step's gradients, which the loop logs; called once an optimizer step, before it is made.

        Here a step is judged: left out (its gradients are dropped, so that no weight and no moment moves), stopped at
        a norm that is not finite, at losses of 0 in a row and at parameters that nothing reaches. fp16's loss scaler is
        the exception: it meets overflow by leaving out the step and lowering the scale, which is its purpose.
        """
        norm = super()._get_grad_norm(model, grad_norm)  # type: ignore[misc]
        if grad_norm is None:
            self._judge_norm(model, norm)
        if self.step.overflow:
            self.skipped_steps.append(self.state.global_step + 1)
            logger.warning("left out by fp16's loss scaler: step %d, its loss is not finite", self.skipped_steps[-1])
        if self.step.skipped:
            norm = torch.zeros((), device=self.args.device)
        else:
            self._judge_losses()
            if self.unreached is not None:
                self.unreached.look()
                self.judge_unreached(epoch_over=False)
        self.step = Step()
        return norm

    def _judge_losses(self) -> None:
        self.zero_losses = self.zero_losses + 1 if self.step.all_zero else 0
        if self.rules.zero_loss_steps is not None and self.zero_losses >= self.rules.zero_loss_steps:
            causes = (
                "labels that are masked or never offered, a loss that has underflowed (fp16), or rows that can teach "
                "nothing more; training.zero_loss_steps=null goes on"
            )
            self._met(
                BadStep(bad_step.ZERO_LOSS, f"the loss was exactly 0 in {self.zero_losses} steps in a row", causes)
            )

    def judge_unreached(self, *, epoch_over: bool) -> None:
        """Stop, or say, that parameters are never reached, once enough steps were seen."""
        if self.unreached is None or not self.unreached.is_due(epoch_over=epoch_over):
            return
        watch, self.unreached = self.unreached, None
        bad = watch.judge()
        if bad is None:
            return
        if self.rules.on_unreached == bad_step.STOP:
            raise RunFailed(f"step {self.state.global_step + 1}: {bad}; training.on_unreached=warn goes on")
        logger.warning("step %d: %s", self.state.global_step + 1, bad)

    def _mean_loss(self) -> torch.Tensor:
        """What the log gets for a step that is left out: the mean of those before it since the last line."""
        total: torch.Tensor = self._tr_loss  # type: ignore[attr-defined]
        since: int = self.state.global_step - self._globalstep_last_logged  # type: ignore[attr-defined]
        return total / (1 + since)
