"""What both trainers share: seeded batches, an evaluation of our own, and no step that fails in silence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.data import Sampler
from transformers import PrinterCallback, ProgressCallback

from gliexp.errors import RunFailed
from gliexp.training.collator import ROWS
from gliexp.training.footprint import Footprint, kept_for_backward, measure
from gliexp.training.muon import MuonWithAdamW
from gliexp.training.optimizer import ParameterGroup, joined, parameter_groups
from gliexp.training.rows import Draw, EpochSampler, TrainingRows

NAMED_ROWS = 16  # rows named in an error message; a batch of hundreds would bury the cause


class Strict:
    """Goes in front of a trainer of the HF family, whose arguments, callbacks, checkpoints and schedules it keeps.

    `lengths` are the rows' sizes in any one unit; `places` (file:line of each row) name rows in errors.
    """

    optimizer: Any
    control: Any
    args: Any
    accelerator: Any
    state: Any
    callback_handler: Any
    model: Any

    def __init__(
        self,
        model: Any,
        args: Any,
        *,
        rows: Sequence[Mapping[str, Any]],
        dev_rows: Sequence[Mapping[str, Any]] | None,
        lengths: Sequence[int],
        collator: Any,
        evaluation: Any,
        places: Sequence[str] = (),
        layerwise_lr_decay: float = 1.0,
        **others: Any,
    ) -> None:
        self.rows = rows
        self.places = places
        self.dev_rows = dev_rows
        self.lengths = lengths
        self.evaluation = evaluation
        self.layerwise_lr_decay = layerwise_lr_decay
        self.groups: list[ParameterGroup] = []
        super().__init__(  # type: ignore[call-arg]
            model=model,
            args=args,
            train_dataset=TrainingRows(rows),
            # The loop asks for an evaluation set to exist; `evaluate` below reads dev_rows.
            eval_dataset=list(dev_rows) if dev_rows else None,
            data_collator=collator,
            **others,
        )
        # The run has a progress bar and a log of its own.
        for printer in (ProgressCallback, PrinterCallback):
            self.remove_callback(printer)  # type: ignore[attr-defined]

    def _get_train_sampler(self, train_dataset: Any = None) -> Sampler[Any]:
        grouped = self.args.train_sampling_strategy == "group_by_length"
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        size: int = self._train_batch_size  # type: ignore[attr-defined]
        return EpochSampler(self.lengths, seed, size if grouped else None)

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        """The backbones within `model`, by name, which train at the encoder's rate."""
        raise NotImplementedError

    def train(self, *args: Any, **options: Any) -> Any:
        """The loop; afterwards the model's weights are those to use."""
        result = super().train(*args, **options)  # type: ignore[misc]
        self._average(True)
        return result

    def _average(self, wanted: bool) -> None:
        """Schedule-free optimizers step one set of weights and use an average of them; others have no such switch.

        The HF Trainer evaluates and saves without it, and so the weights that were stepped.
        """
        switch = getattr(self.optimizer, "eval" if wanted else "train", None)
        if callable(switch):
            switch()

    def parameter_groups(self, model: Any = None) -> list[ParameterGroup]:
        """The groups that the optimizer is made of, and that the run prints."""
        model = self.model if model is None else model
        found = parameter_groups(
            model,
            self.encoders(self.accelerator.unwrap_model(model)),
            learning_rate=self.args.learning_rate,
            weight_decay=self.args.weight_decay,
            others_lr=self.args.others_lr,
            others_weight_decay=self.args.others_weight_decay,
            layerwise_lr_decay=self.layerwise_lr_decay,
        )
        return found if self.args.optim == "muon" else joined(found)

    def create_optimizer(self, model: Any = None) -> Any:
        """Optimizer over the printed groups; called by the loop, which accepts an optimizer made before."""
        if self.optimizer is None:
            self.groups = self.parameter_groups(model)
            if self.args.optim == "muon":
                betas = (self.args.adam_beta1, self.args.adam_beta2)
                self.optimizer = MuonWithAdamW(self.groups, betas=betas, eps=self.args.adam_epsilon)
            else:
                factory, options = self.get_optimizer_cls_and_kwargs(self.args)  # type: ignore[attr-defined]
                self.optimizer = factory([group.as_torch() for group in self.groups], **options)
        return self.optimizer

    def footprint(self) -> Footprint:
        """Memory of a step on the longest rows that one batch can hold."""
        size = self.args.per_device_train_batch_size
        longest = sorted(range(len(self.rows)), key=lambda number: -self.lengths[number])[:size]
        batch = self.data_collator([self.train_dataset[Draw(0, number)] for number in longest])  # type: ignore[attr-defined]
        batch.pop(ROWS)
        model = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.train()
        inputs = self._prepare_inputs(batch)  # type: ignore[attr-defined]
        with self.compute_loss_context_manager():  # type: ignore[attr-defined]
            kept = kept_for_backward(model, lambda: self.compute_loss(model, inputs))  # type: ignore[attr-defined]
        model.train(was_training)
        return measure(model, str(getattr(self.args.optim, "value", self.args.optim)), kept)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """One forward and backward pass; an exception or a non-finite loss ends the run and names the batch's rows.

        The libraries' own steps go on with a loss of zero: gliner's after out-of-memory
        (gliner/training/trainer.py:289), gliclass's after any exception (gliclass/training.py:489), and gliclass's adds
        up what it accumulates.
        """
        numbers: list[int] = inputs.pop(ROWS)
        model.train()
        self._average(False)
        inputs = self._prepare_inputs(inputs)  # type: ignore[attr-defined]
        try:
            with self.compute_loss_context_manager():  # type: ignore[attr-defined]
                loss: torch.Tensor = self.compute_loss(model, inputs)  # type: ignore[attr-defined]
        except Exception as error:
            raise RunFailed(f"{self._place(numbers)}: {type(error).__name__}: {error}") from error
        if not torch.isfinite(loss):
            raise RunFailed(
                f"{self._place(numbers)}: the loss is {loss.item()}. Likely causes: a learning rate too high, "
                "fp16 overflow (try bf16), or damaged weights at the start"
            )
        loss = loss / self.current_gradient_accumulation_steps  # type: ignore[attr-defined]
        self.accelerator.backward(loss)
        return loss.detach()

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)  # type: ignore[misc]
        # fp16's loss scaler meets overflow by itself: it skips the step and lowers the scale.
        if norm is not None and self.accelerator.scaler is None and not math.isfinite(float(norm)):
            raise RunFailed(
                f"step {self.state.global_step + 1}: the gradient norm is {float(norm)}, the loss was finite"
            )
        return norm

    def _place(self, numbers: Sequence[int]) -> str:
        shown = ", ".join(self._named(number) for number in numbers[:NAMED_ROWS])
        more = f" and {len(numbers) - NAMED_ROWS} more" if len(numbers) > NAMED_ROWS else ""
        return f"step {self.state.global_step + 1}, training rows {shown}{more} (counted from 0)"

    def _named(self, number: int) -> str:
        return f"{number} ({self.places[number]})" if self.places else str(number)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, Any]:
        """Score the dev rows (or `eval_dataset`) and report the figures as `<prefix>_<name>`."""
        rows = self.dev_rows if eval_dataset is None else eval_dataset
        if rows is None:
            raise ValueError("no dev rows to evaluate on")
        self._average(True)
        scores = self.evaluation.score(self.accelerator.unwrap_model(self.model), rows)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log({name: value for name, value in metrics.items() if isinstance(value, (int, float))})  # type: ignore[attr-defined]
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics
