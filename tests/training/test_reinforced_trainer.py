"""Reinforcement inside the supervised trainer's loop: steps, schedules, checkpoints and resuming are the same."""

import json
from types import SimpleNamespace

import gliclass.training
import pytest
import torch
from models import classifiers
from models.conftest import backbones, single_thread  # noqa: F401

from gliexp.config.schema.classifier import ARCHITECTURES, MULTI, UNI
from gliexp.data.classes import ClassSampler
from gliexp.errors import RunFailed
from gliexp.models import gliclass as classifier_models
from gliexp.training.class_evaluation import ClassEvaluation
from gliexp.training.reinforced_trainer import VALUE_FILE, ReinforcedTrainer
from gliexp.training.rewards import Component, Rewards, accuracy, f1
from gliexp.training.rollout import CHANCE, QUESTIONS, Reference, RolloutCollator
from gliexp.training.rows import Draw

ROWS = [{"text": f"{row['text']} {n}", "true": row["true"]} for n in range(3) for row in classifiers.ROWS][:8]
LABELS = classifiers.LABELS


@pytest.fixture
def trainer(backbones, tmp_path):  # noqa: F811
    def of(architecture=UNI, dropout=0.0, rows=ROWS, made=None, parts=None, **arguments):
        made = made or classifiers.make(backbones)(architecture, dropout=dropout)
        for module in made.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = dropout
        settings = {"max_steps": 1, "logging_steps": 1, "save_strategy": "no", "report_to": "none", "use_cpu": True}
        args = gliclass.training.RLTrainerConfig(str(tmp_path), **{**settings, **arguments})
        inputs = made.inputs(64)
        scoring = ClassEvaluation(inputs, LABELS, MULTI, 0.5, False, 4)
        collator = RolloutCollator(inputs, ClassSampler(LABELS, "all", 8, 1), 0, problem=MULTI)
        parts = {"rewards": Rewards(), **(parts or {})}
        return ReinforcedTrainer(made, args, rows=rows, dev_rows=rows, collator=collator, evaluation=scoring, **parts)

    return of


def told(made, name):
    return [line[name] for line in made.state.log_history if name in line]


def weights(made):
    return {name: value.detach().clone() for name, value in made.model.named_parameters()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


class Seen:
    """A reward that keeps the actions it was shown."""

    def __init__(self):
        self.actions = []

    def __call__(self, probs, actions, targets, real):
        self.actions.append(actions.clone())
        return f1(probs, actions, targets, real)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_without_learning_the_ratio_is_exactly_1_in_every_iteration(trainer, dropout):
    seen = Seen()
    made = trainer(
        dropout=dropout,
        learning_rate=0.0,
        max_steps=2,
        num_rl_iters=4,
        gradient_accumulation_steps=2,
        per_device_train_batch_size=2,
        parts={"rewards": Rewards((Component("seen", seen),))},
    )
    made.train()
    assert told(made, "ratio") == [1.0, 1.0]
    assert told(made, "clipped") == [0.0, 0.0]
    assert len(seen.actions) == 2 * 2  # once a micro-batch, not once an iteration


def test_the_stock_trainer_compares_other_actions():
    """gliclass/training.py:811 draws actions anew in each iteration; its divergence of equal models is not 0."""
    arguments = gliclass.training.RLTrainerConfig(
        "unused", report_to="none", use_cpu=True, kl_beta=1.0, entropy_beta=0.0
    )
    library = SimpleNamespace(
        args=arguments, metrics={"advantages": [], "total_loss": [], "reward_f1": []}, reward_components={"f1": None}
    )
    library.compute_rewards = lambda probs, *_: dict.fromkeys(("f1", "total_reward"), torch.zeros(len(probs), 1))
    logits, targets = torch.zeros(4, 8), torch.zeros(4, 8)
    torch.manual_seed(0)
    loss = gliclass.training.RLTrainer.compute_loss
    with_reference, first = loss(library, logits, targets, reference_probs=logits.sigmoid())
    _, second = loss(library, logits + 1, targets, log_prob_prev=first)
    _, third = loss(library, logits + 1, targets, log_prob_prev=first)
    assert not torch.equal(second, third), "mended upstream: the same policy, the same actions"
    asymmetric = loss(library, logits + 1, targets, reference_probs=(logits + 1).sigmoid())[0]
    assert asymmetric > 0.1, "mended upstream: equal models diverge by nothing"
    assert with_reference >= 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_is_stepped(trainer, architecture):
    made = trainer(architecture, learning_rate=1e-3, parts={"value": True})
    before = weights(made)
    made.train()
    assert not same(before, weights(made))
    assert 0 <= told(made, "reward")[0] <= 1


def test_accumulation_averages_over_the_whole_step(trainer):
    norms = []
    for size in (8, 4, 2):
        made = trainer(
            per_device_train_batch_size=size, gradient_accumulation_steps=8 // size, num_rl_iters=1, learning_rate=1e-3
        )
        made.train()
        norms.append(told(made, "grad_norm")[0])
    assert norms[0] > 0
    assert norms == pytest.approx([norms[0]] * 3, rel=1e-3)


def test_steps_schedule_and_warm_up_count_training_steps(trainer):
    made = trainer(max_steps=4, num_rl_iters=3, learning_rate=1e-3, warmup_steps=2, per_device_train_batch_size=4)
    made.train()
    assert made.state.global_step == 4
    assert told(made, "learning_rate") == pytest.approx([0.0, 5e-4, 1e-3, 5e-4], abs=1e-9)
    steps = {int(state["step"]) for state in made.optimizer.state.values()}
    assert steps == {4 * 3}


def test_actions_are_a_function_of_seed_epoch_and_row(trainer):
    made = trainer()
    draw = made.data_collator
    together = draw([made.train_dataset[Draw(1, number)] for number in (0, 1, 2)])
    alone = draw([made.train_dataset[Draw(1, 2)]])
    assert torch.equal(together[CHANCE][2], alone[CHANCE][0])
    assert together[QUESTIONS][2] == alone[QUESTIONS][0]
    assert not torch.equal(draw([made.train_dataset[Draw(2, 2)]])[CHANCE], alone[CHANCE])
    assert ((together[CHANCE] >= 0) & (together[CHANCE] < 1)).all()


@pytest.mark.parametrize("value", [False, True])
def test_a_resumed_run_ends_as_one_that_was_not_broken_off(trainer, tmp_path, value):
    settings = {
        "max_steps": 6,
        "per_device_train_batch_size": 2,
        "learning_rate": 1e-3,
        "dropout": 0.2,
        "save_strategy": "steps",
        "save_steps": 3,
        "parts": {"value": value, "supervised_share": 0.34},
    }
    whole = trainer(**settings)
    whole.train()
    checkpoint = tmp_path / "checkpoint-3"
    assert (checkpoint / VALUE_FILE).is_file() == value
    again = trainer(**settings)
    again.train(resume_from_checkpoint=str(checkpoint))
    assert same(weights(whole), weights(again))
    if value:
        assert all(torch.equal(a, b) for a, b in zip(whole.value.parameters(), again.value.parameters(), strict=True))
    assert told(whole, "reward")[-3:] == told(again, "reward")[-3:]


def test_the_value_model_learns_and_is_judged_by(trainer):
    made = trainer(
        max_steps=60, learning_rate=0.0, others_lr=1e-2, per_device_train_batch_size=8, parts={"value": True}
    )
    for name, parameter in made.model.named_parameters():
        parameter.requires_grad_("text_projector" in name)
    made.train()
    losses = told(made, "value_loss")
    assert sum(losses[-10:]) < 0.5 * sum(losses[:3]) / 3 * 10
    (group,) = [group for group in made.parameter_groups() if group.name == "value model"]
    assert (group.learning_rate, group.weight_decay) == (1e-2, 0.0)


def test_a_single_row_a_step_learns_with_a_value_model(trainer):
    made = trainer(per_device_train_batch_size=1, learning_rate=1e-3, parts={"value": True})
    before = weights(made)
    made.train()
    assert not same(before, weights(made))


def test_supervised_steps_come_first_at_the_full_rate(trainer):
    made = trainer(
        max_steps=8,
        learning_rate=1e-3,
        lr_scheduler_type="constant",
        eval_strategy="steps",
        eval_steps=100,
        parts={"supervised_share": 0.5, "rate_factor": 0.1},
    )
    made.train()
    lines = [line for line in made.state.log_history if "loss" in line]
    assert ["reward" in line for line in lines] == [False] * 4 + [True] * 4
    # the loop logs the rate that is next: step 4's line shows the first lowered one
    assert told(made, "learning_rate")[0] == pytest.approx(1e-3)
    assert told(made, "learning_rate")[-1] == pytest.approx(1e-4)
    assert next(line["step"] for line in made.state.log_history if "eval_cls_macro_f1" in line) == 4


def test_the_start_may_be_the_best(trainer, tmp_path):
    def against(probs, actions, targets, real):
        return -f1(probs, actions, targets, real)

    made = trainer(
        max_steps=6,
        learning_rate=5e-2,
        eval_on_start=True,
        eval_strategy="steps",
        eval_steps=2,
        save_strategy="steps",
        save_steps=2,
        load_best_model_at_end=True,
        metric_for_best_model="cls_macro_f1",
        greater_is_better=True,
        parts={"rewards": Rewards((Component("against", against),))},
    )
    before = weights(made)
    scores = []
    made.evaluation = SimpleNamespace(score=lambda *_: {"cls_macro_f1": 0.5 - len(scores), "n": scores.append(1) or 1})
    made.train()
    assert made.state.best_global_step == 0
    assert same(before, weights(made))
    assert json.loads((tmp_path / "checkpoint-0" / "trainer_state.json").read_text())["global_step"] == 0


def test_a_reference_equal_to_the_policy_is_no_distance_away_and_another_pulls(trainer, backbones):  # noqa: F811
    def reference(seed):
        other = classifiers.make(backbones)(UNI, dropout=0.0, seed=seed)
        return other, Reference(other, 64)

    apart = {}
    for name, seed in (("equal", 0), ("other", 5)):
        other, held_to = reference(seed)
        made = trainer(
            max_steps=30,
            num_rl_iters=1,
            learning_rate=0.0 if name == "equal" else 3e-3,
            kl_beta=20.0,
            per_device_train_batch_size=8,
            lr_scheduler_type="constant",
            parts={"reference": held_to},
        )
        frozen = {key: value.clone() for key, value in other.model.state_dict().items()}
        made.train()
        apart[name] = told(made, "kl")
        assert all(torch.equal(value, frozen[key]) for key, value in other.model.state_dict().items())
    assert max(apart["equal"]) < 1e-6
    assert apart["other"][0] > 1e-3
    assert sum(apart["other"][-5:]) / 5 < 0.5 * apart["other"][0]


def test_short_of_memory_a_step_goes_through_in_parts_and_comes_to_the_same(trainer, monkeypatch):
    settings = {"per_device_train_batch_size": 8, "num_rl_iters": 2, "learning_rate": 1e-3, "parts": {"value": True}}
    whole, parts = trainer(**settings), trainer(**settings)
    whole.train()
    forward, calls = parts.model.forward, []

    def short(**inputs):
        if torch.is_grad_enabled():
            calls.append(len(inputs["input_ids"]))
            if calls[-1] > 4:
                raise torch.OutOfMemoryError("no memory")
        return forward(**inputs)

    monkeypatch.setattr(parts.model, "forward", short)
    parts.train()
    assert calls == [8, 4, 4, 4, 4]
    assert told(parts, "grad_norm") == pytest.approx(told(whole, "grad_norm"), rel=1e-3)
    for name, value in weights(whole).items():
        assert torch.allclose(value, weights(parts)[name], atol=1e-5), name


def test_rewards_that_leave_nothing_to_learn_are_no_fault(trainer):
    made = trainer(max_steps=15, parts={"rewards": Rewards((Component("flat", lambda p, *_: torch.ones(len(p))),))})
    made.train()
    assert made.state.global_step == 15


def test_a_failing_reward_ends_the_run_and_names_its_rows(trainer):
    made = trainer(per_device_train_batch_size=2, parts={"rewards": Rewards((Component("mine", lambda *_: 1 / 0),))})
    with pytest.raises(RunFailed, match=r"training rows .*ZeroDivisionError"):
        made.train()


def test_rewards_rise(trainer):
    made = trainer(
        max_steps=30,
        learning_rate=1e-3,
        per_device_train_batch_size=8,
        lr_scheduler_type="constant",
        parts={"rewards": Rewards((Component("accuracy", accuracy),))},
    )
    made.train()
    found = told(made, "reward")
    assert sum(found[-10:]) / 10 > sum(found[:10]) / 10 + 0.08


def test_what_was_learned_is_saved_and_reloads(trainer, tmp_path):
    made = trainer(max_steps=3, learning_rate=1e-3)
    made.train()
    again = classifier_models.load(classifier_models.save(made.classifier, tmp_path / "model"))
    assert classifiers.apart(classifiers.scores(made.classifier), classifiers.scores(again)) < 1e-5
