"""Refines a classifier by rewards, inside the loop, checkpoints and guards of the supervised trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional
from torch.optim.lr_scheduler import LambdaLR
from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from gliexp.errors import RunFailed
from gliexp.models.value import ValueModel, states
from gliexp.training import policy, ranks
from gliexp.training.acting import NOT_READ, TARGETS, Actor, Played, read
from gliexp.training.bundle import MicroBatch
from gliexp.training.class_trainer import ClassTrainer
from gliexp.training.collator import ROWS
from gliexp.training.micro_batches import is_out_of_memory
from gliexp.training.optimizer import ParameterGroup
from gliexp.training.policy import Terms
from gliexp.training.ranks import Agreement
from gliexp.training.rewards import Rewards
from gliexp.training.rollout import Reference, drawn_again
from gliexp.training.rows import Draw
from gliexp.training.watched import FAILED

PLAYED = "played"
"""Batch entry with what the policy did on it."""
VALUE_FILE = "value_model.safetensors"


class ReinforcedTrainer(ClassTrainer):
    """A training step takes actions once and steps the policy on them `num_rl_iters` times.

    `args` is an RLTrainerConfig; the collator a RolloutCollator. `supervised_share` of the steps come first and are the
    supervised trainer's; rates are multiplied by `rate_factor` afterwards. Rewards are compared with the value model's
    guess, or with the mean reward of the step, over all its micro-batches. Each iteration on a batch draws the same
    dropout, so that probabilities of actions differ by what was learned alone.
    """

    def __init__(
        self,
        *arguments: Any,
        rewards: Rewards,
        reference: Reference | None = None,
        value: bool = False,
        supervised_share: float = 0.0,
        rate_factor: float = 1.0,
        **others: Any,
    ) -> None:
        super().__init__(*arguments, **others)
        self.terms = Terms.of(self.args)
        self.supervised_share, self.rate_factor = supervised_share, rate_factor
        if reference is not None:
            reference.classifier.model.to(self.args.device)
        how, threshold, smoothing = self.args.get_actions, self.args.threshold, self.terms.labels_smoothing
        self.actor = Actor(rewards, how, threshold, smoothing, reference, with_states=value)
        self.value = self._value_model() if value else None
        self._batches: list[dict[str, Any]] = []
        self._numbers: list[list[int]] = []
        self._played: list[Played | None] = []
        self._told: dict[str, list[float]] = {}
        self.add_callback(Iterations(self))

    @property
    def supervised_steps(self) -> int:
        """Steps that come first and are supervised."""
        return int(self.supervised_share * self.state.max_steps)

    @property
    def reinforces(self) -> bool:
        """Whether the coming step is one of reinforcement."""
        return bool(self.state.global_step >= self.supervised_steps)

    def get_batch_samples(self, *arguments: Any, **options: Any) -> Any:
        """The micro-batches of a step, kept because all of them are acted on before the first is learned from."""
        found = super().get_batch_samples(*arguments, **options)
        self._begin(list(found[0]))
        return found

    def _begin(self, batches: list[dict[str, Any]]) -> None:
        self._batches, self._numbers, self._played = batches, [batch[ROWS] for batch in batches], []

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """The first iteration of a step on one micro-batch; `iterate` does the others."""
        if not any(inputs is batch for batch in self._batches):
            self._begin([inputs])  # handed in from outside of the loop
        return super().training_step(model, inputs, num_items_in_batch)

    def iterate(self) -> None:
        """The iterations after the first, each with an optimizer step of its own; called when that one is done."""
        left_out = self.skipped_steps[-1:] == [self.state.global_step + 1]
        for _ in range(0 if left_out or not self._played else self.args.num_rl_iters - 1):
            self.optimizer.zero_grad()
            for numbers, batch in zip(self._numbers, self._batches, strict=True):
                super().training_step(self.model_wrapped, {**batch, ROWS: numbers})
            norm = self._clip_grad_norm(self.model_wrapped) if self.args.max_grad_norm > 0 else None
            self._get_grad_norm(self.model_wrapped, grad_norm=norm)
            self.optimizer.step()

    def _pieces(self, batch: MicroBatch) -> Iterator[tuple[Mapping[str, Any], float]]:
        """The batch, or parts of it, with what the policy did on them; rows count alike."""
        if not self.reinforces:
            yield from super()._pieces(batch)
            return
        if not self._played:
            self._played = self._play()
            if self.value is not None:
                self.value.zero_grad()  # the loop does so for the model alone
        (place,) = [number for number, one in enumerate(self.step.batches) if one is batch]
        played, start, rows = self._played[place], 0, max(1, len(batch.numbers))
        assert played is not None
        for inputs, _ in super()._pieces(batch):
            end = start + len(inputs[TARGETS])
            yield {**inputs, PLAYED: played.of_rows(start, end)}, (end - start) / rows
            start = end

    def cells(self, batch: Mapping[str, Any]) -> float:
        """Rows, where they are rewarded."""
        return len(batch[TARGETS]) if self.reinforces else super().cells(batch)

    def is_summed(self) -> bool:
        """Rewarded rows are averaged."""
        return not self.reinforces and super().is_summed()

    def totals_in(self, batches: Sequence[MicroBatch]) -> int:
        """One more where the step's rewards are still to be compared."""
        return super().totals_in(batches) + int(self.reinforces and not self._played)

    def average_gradients(self, model: Any) -> None:
        """The value model's too."""
        super().average_gradients(model)
        if self.value is not None and self.accelerator.num_processes > 1:
            ranks.average(list(self.value.parameters()))

    def _halve(self, model: Any) -> None:
        super()._halve(model)
        if self.accelerator.num_processes > 1:
            self._played = []  # some rank may not have come to act

    def _judge_losses(self) -> None:
        """A loss of 0 is no fault here: where all rows are rewarded alike there is nothing to learn."""
        if not self.reinforces:
            super()._judge_losses()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of reinforcement for batches that were acted on, else the supervised one."""
        played: Played | None = inputs.get(PLAYED)
        plain = {key: value for key, value in inputs.items() if key not in (*NOT_READ, PLAYED)}
        if played is None:
            plain[TARGETS] = inputs[TARGETS]
            return super().compute_loss(model, plain, return_outputs, num_items_in_batch)
        with drawn_again(played.dropout, self.args.device):
            outputs = model(**plain)
        logits = outputs.logits.float()
        judged = policy.judge(logits, played.rollout.cut(slots=logits.shape[1]), self.terms)
        loss = judged.loss
        self._tell(ratio=judged.ratio, clipped=judged.clipped, entropy=judged.entropy)
        if judged.kl is not None:
            self._tell(kl=judged.kl)
        if played.state is not None:
            missed = functional.mse_loss(self._guess(played.state), played.reward)
            self._tell(value_loss=float(missed.detach()))
            loss = loss + missed
        return (loss, outputs) if return_outputs else loss

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
        """The supervised trainer's; a step whose rewards are all as expected says nothing about what is reached."""
        told = any(played is not None and played.rollout.advantage.any() for played in self._played)
        as_expected = not Agreement(self.accelerator).worst(int(told))
        if not self._played or not as_expected:
            return super()._get_grad_norm(model, grad_norm)
        watch, self.unreached = self.unreached, None
        try:
            return super()._get_grad_norm(model, grad_norm)
        finally:
            self.unreached = watch

    def _play(self) -> list[Played | None]:
        """Act on every micro-batch of the step, and hold each reward against what was to be expected.

        None stands for a batch that could not be made; its own turn says so.
        """
        played = [None if FAILED in batch else self._act(place) for place, batch in enumerate(self._batches)]
        rewards = torch.cat([done.reward for done in played if done is not None])
        mean = rewards.mean()
        if self.accelerator.num_processes > 1:
            counted = zip(played, self._numbers, strict=True)
            own = [done.reward.double() for done, numbers in counted if done is not None and numbers]
            total, rows = self.sums(float(sum(part.sum() for part in own)), sum(len(part) for part in own))
            mean = rewards.new_tensor(total / max(1.0, rows))
        self._tell(reward=float(mean))
        return [None if done is None else self._expected(done, mean) for done in played]

    def _act(self, place: int) -> Played:
        batch = self._prepare_inputs({name: value for name, value in self._batches[place].items() if name != ROWS})
        try:
            with self.compute_loss_context_manager():
                played = self.actor.act(self.accelerator.unwrap_model(self.model), batch)
        except Exception as error:
            if place == 0 or is_out_of_memory(error):
                raise
            raise RunFailed(f"{self.named(self._numbers[place])}: {type(error).__name__}: {error}") from error
        self._tell(**{f"reward_{name}": mean for name, mean in played.means.items()})
        return played

    @torch.no_grad()
    def _expected(self, played: Played, mean: torch.Tensor) -> Played:
        expected = mean if played.state is None else self._guess(played.state)
        return replace(played, rollout=replace(played.rollout, advantage=played.reward - expected))

    def _value_model(self) -> ValueModel:
        """A value model as wide as this model's states, which one row shows."""
        batch = self._prepare_inputs(self.data_collator([self.train_dataset[Draw(0, 0)]]))
        model = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.eval()
        with torch.no_grad():
            outputs = read(model, batch, with_text=True)
        model.train(was_training)
        size = states(outputs, torch.ones_like(outputs.logits, dtype=torch.bool)).shape[1]
        return ValueModel(size, self.args.seed).to(self.args.device)

    def _guess(self, state: torch.Tensor) -> torch.Tensor:
        """The value model's rewards."""
        assert self.value is not None
        guess: torch.Tensor = self.value(state)
        return guess

    def _clip_grad_norm(self, model: Any) -> Any:
        norm = super()._clip_grad_norm(model)
        if self.value is not None:
            torch.nn.utils.clip_grad_norm_(self.value.parameters(), self.args.max_grad_norm)
        return norm

    def parameter_groups(self, model: Any = None) -> list[ParameterGroup]:
        """The supervised groups, and the value model at the heads' rate."""
        found = super().parameter_groups(model)
        if self.value is not None:
            rate = self.args.learning_rate if self.args.others_lr is None else self.args.others_lr
            found.append(ParameterGroup("value model", list(self.value.parameters()), rate, 0.0))
        return found

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """The config's schedule, lowered where rewards take over."""
        made = super().create_scheduler(num_training_steps, optimizer)
        start = self.supervised_steps
        if start and isinstance(made, LambdaLR):
            made.lr_lambdas = [lowered(rate, start, self.rate_factor) for rate in made.lr_lambdas]
        return made

    def _evaluate(self, trial: Any, ignore_keys_for_eval: Any, skip_scheduler: bool = False) -> dict[str, float]:
        """An evaluation before the first step makes the start a checkpoint that may turn out the best."""
        metrics: dict[str, float] = super()._evaluate(trial, ignore_keys_for_eval, skip_scheduler)
        if self.state.global_step == 0 and self.args.load_best_model_at_end:
            self._determine_best_metric(metrics=metrics, trial=trial)
            self._save_checkpoint(self.model, trial)
            # the loop takes a best step of 0 for none (transformers/trainer.py:3106)
            self.state.best_model_checkpoint = str(Path(self.args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-0")
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        super()._save(output_dir, state_dict)
        if self.value is not None:
            save_file(self.value.state_dict(), Path(output_dir or self.args.output_dir) / VALUE_FILE)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.value is not None:
            self.value.load_state_dict(load_file(Path(resume_from_checkpoint) / VALUE_FILE))

    def running_state(self) -> dict[str, Any]:
        """The supervised trainer's, and the figures since the last log."""
        return {**super().running_state(), "told": self._told}

    def restore_running_state(self, state: Mapping[str, Any]) -> None:
        """Take over what a checkpoint kept."""
        super().restore_running_state(state)
        self._told = {name: list(values) for name, values in state["told"].items()}

    def _tell(self, **values: float) -> None:
        for name, value in values.items():
            self._told.setdefault(name, []).append(value)

    def log(self, logs: dict[str, float], *arguments: Any, **options: Any) -> None:
        """The loop's figures with the means of reward, ratio, entropy … since it last logged a loss."""
        if "loss" in logs:
            logs |= {name: sum(values) / len(values) for name, values in self._told.items()}
            self._told = {}
        super().log(logs, *arguments, **options)


def lowered(rate: Callable[[int], float], start: int, factor: float) -> Callable[[int], float]:
    """A schedule that is multiplied by `factor` from step `start` on."""
    return lambda step: rate(step) * (factor if step >= start else 1.0)


class Iterations(TrainerCallback):  # type: ignore[misc]
    """Where the loop gives the trainer its turn: for more iterations, and where reinforcement begins."""

    def __init__(self, trainer: ReinforcedTrainer) -> None:
        self.trainer = trainer

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.trainer.iterate()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The last supervised step is scored and saved: the start of reinforcement may turn out the best."""
        last = state.global_step == self.trainer.supervised_steps
        if last and not (args.eval_strategy == "epoch" and float(state.epoch or 0.5).is_integer()):
            control.should_evaluate = control.should_evaluate or args.eval_strategy != "no"
            control.should_save = control.should_save or args.save_strategy != "no"
