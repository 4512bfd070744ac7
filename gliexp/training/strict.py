"""What both trainers share: seeded batches, an evaluation of our own, and no step that fails in silence."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn
from transformers import PrinterCallback, ProgressCallback

from gliexp.errors import RunFailed
from gliexp.training.batches import Costs
from gliexp.training.callbacks import EpochEnd
from gliexp.training.collator import ROWS
from gliexp.training.footprint import Footprint, kept_for_backward, measure
from gliexp.training.loading import Loading, most_rows
from gliexp.training.muon import MuonWithAdamW
from gliexp.training.optimizer import ParameterGroup, joined, parameter_groups
from gliexp.training.resumable import Resumable
from gliexp.training.rows import Draw, TrainingRows
from gliexp.training.steps import Steps
from gliexp.training.watched import FAILED, WatchedCollator, death_of_worker

logger = logging.getLogger("gliexp")


class Strict(Loading, Steps, Resumable):
    """Goes in front of a trainer of the HF family, whose arguments, callbacks, checkpoints and schedules it keeps.

    `costs` are what the rows cost the model; `places` (file:line of each row) name rows in errors.
    """

    def __init__(
        self,
        model: Any,
        args: Any,
        *,
        rows: Sequence[Mapping[str, Any]],
        dev_rows: Sequence[Mapping[str, Any]] | None,
        costs: Costs,
        collator: Any,
        evaluation: Any,
        places: Sequence[str] = (),
        layerwise_lr_decay: float = 1.0,
        max_batch_tokens: int | None = None,
        **others: Any,
    ) -> None:
        self.rows = rows
        self.places = places
        self.dev_rows = dev_rows
        self.costs = costs
        self.max_batch_tokens = max_batch_tokens
        self.evaluation = evaluation
        self.layerwise_lr_decay = layerwise_lr_decay
        self.groups: list[ParameterGroup] = []
        super().__init__(  # type: ignore[call-arg]
            model=model,
            args=args,
            train_dataset=TrainingRows(rows),
            # The loop asks for an evaluation set to exist; `evaluate` below reads dev_rows.
            eval_dataset=dev_rows or None,
            data_collator=WatchedCollator(
                collator, args.dataloader_num_workers, most_rows(costs, args.train_batch_size, max_batch_tokens)
            ),
            **others,
        )
        # The run has a progress bar and a log of its own.
        for printer in (ProgressCallback, PrinterCallback):
            self.remove_callback(printer)  # type: ignore[attr-defined]
        self.add_callback(EpochEnd(self.judge_unreached))  # type: ignore[attr-defined]
        self.start_steps()

    def encoders(self, model: Any) -> dict[str, nn.Module]:
        """The backbones within `model`, by name, which train at the encoder's rate."""
        raise NotImplementedError

    def train(self, *args: Any, **options: Any) -> Any:
        """The loop; afterwards the model's weights are those to use.

        Raises RunFailed where a data worker died, with the rows that it was at: torch raises that in this process
        wherever it is then, in a step or a save too.
        """
        self.start_steps()
        try:
            result = super().train(*args, **options)
        except (RuntimeError, RunFailed, OSError, EOFError) as error:
            death = death_of_worker(error)
            if death is None:
                raise
            numbers = self.data_collator.unfinished()
            at = f"at {self.named(numbers)}" if numbers else "between two batches"
            raise RunFailed(
                f"step {self.state.global_step + 1}: a data worker died {at}: {death}. Likely causes: the host's "
                "memory is full and the system ended it (fewer training.dataloader_num_workers need less), or it was "
                "killed from outside"
            ) from error
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
        batch = self.data_collator([self.train_dataset[Draw(0, number)] for number in self.longest_batch()])
        numbers = batch.pop(ROWS)
        if FAILED in batch:
            raise RunFailed(f"{self.named(numbers)}: {batch[FAILED]}")
        model = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.train()
        inputs = self._prepare_inputs(batch)  # type: ignore[attr-defined]
        with self.compute_loss_context_manager():  # type: ignore[attr-defined]
            kept = kept_for_backward(model, lambda: self.compute_loss(model, inputs))  # type: ignore[attr-defined]
        model.train(was_training)
        return measure(model, str(getattr(self.args.optim, "value", self.args.optim)), kept)

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, Any]:
        """Score the dev rows (or `eval_dataset`) and report the figures as `<prefix>_<name>`."""
        rows = self.dev_rows if eval_dataset is None else eval_dataset
        if rows is None:
            raise ValueError("no dev rows to evaluate on")
        self._average(True)
        with self.breaking_off():
            scores = self.evaluation.score(self.accelerator.unwrap_model(self.model), rows)
        self._judge_metrics(scores)
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log({name: value for name, value in metrics.items() if isinstance(value, (int, float))})  # type: ignore[attr-defined]
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _judge_metrics(self, scores: Mapping[str, Any]) -> None:
        """A metric that is no number could be chosen as the best one, or hide that none is."""
        wrong = [name for name, value in scores.items() if isinstance(value, float) and not math.isfinite(value)]
        if not wrong:
            return
        message = f"step {self.state.global_step}: dev metrics that are no number: {', '.join(wrong)}"
        if not self.rules.skips:
            raise RunFailed(f"{message}. Likely causes: scores that are not finite, from weights that are not")
        logger.warning(message)
