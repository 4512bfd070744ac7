"""What the `rl` section may not say, and what it says when nobody asks."""

import pytest

from gliexp.config.compose import compose
from gliexp.config.routing import route
from gliexp.errors import Refusal

TASK = "task=classification_rl"


def refused(*overrides: str) -> dict[str, str]:
    with pytest.raises(Refusal) as told:
        compose([TASK, *overrides], environment=False)
    return {problem.key: str(problem) for problem in told.value.problems}


@pytest.mark.parametrize(
    ("override", "key", "said"),
    [
        ("rl.gamma=-0.5", "rl.gamma", "-1, which is off"),
        ("rl.alpha=2", "rl.alpha", "at most 1"),
        ("rl.kl_beta=-2", "rl.kl_beta", "at least -1"),
        ("rl.kl_beta=0.1", "rl.reference_model", "needs it"),
        ("rl.get_actions=bernouli", "rl.get_actions", "did you mean bernoulli"),
        ("rl.num_rl_iters=-1", "rl.num_rl_iters", "at least 1"),
        ("rl.cliprange=0", "rl.cliprange", "above 0"),
        ("rl.value_model=lstm", "rl.value_model", "mlp"),
        ("rl.cliprang=0.1", "rl.cliprang", "did you mean rl.cliprange"),
        ("rl.supervised_share=1", "rl.supervised_share", "below 1"),
        ("rl.reward_components=[]", "rl.reward_components", "rewards nothing"),
        ("rl.reward_components=[f1]", "rl.reward_components[0]", "name: f1"),
        ("rl.reward_components=f1", "rl.reward_components", "a list"),
        ("'rl.reward_components=[{name: f2}]'", "rl.reward_components[0].name", "did you mean f1"),
        ("'rl.reward_components=[{name: f1, weight: much}]'", "rl.reward_components[0].weight", "a number"),
        ("'rl.reward_components=[{name: f1, weigth: 1}]'", "rl.reward_components[0].weigth", "did you mean weight"),
        ("'rl.reward_components=[{name: f1}, {name: f1}]'", "rl.reward_components", "twice"),
        ("'rl.reward_components=[{name: f1, weight: 0}]'", "rl.reward_components", "every weight is 0"),
        ("model.problem_type=regression", "model.problem_type", "each label by itself"),
        ("training.per_device_train_batch_size=1", "training.per_device_train_batch_size", "compared with itself"),
        ("training.lr_scheduler_type=greedy", "training.lr_scheduler_type", "rl.rate_factor=1"),
    ],
)
def test_what_cannot_be_rewarded_is_refused_with_its_reason(override, key, said):
    assert said in refused(override.strip("'"))[key]


def test_everything_wrong_is_said_at_once():
    assert refused("rl.gamma=-0.5", "rl.kl_beta=1", "model.problem_type=null").keys() == {
        "rl.gamma",
        "rl.reference_model",
        "model.problem_type",
    }


def test_one_row_a_step_is_fine_with_a_value_model_or_with_accumulation():
    for more in ("rl.value_model=mlp", "training.gradient_accumulation_steps=4"):
        compose([TASK, "training.per_device_train_batch_size=1", more], environment=False)


def test_the_library_s_fields_arrive_with_their_documented_defaults():
    arrived = route(compose([TASK], environment=False).config).objects["RLTrainerConfig"]
    assert arrived == {
        "cliprange": 0.2,
        "num_rl_iters": 3,
        "gamma": -1.0,
        "alpha": -1.0,
        "labels_smoothing": -1.0,
        "entropy_beta": -1.0,
        "kl_beta": -1.0,
        "get_actions": "bernoulli",
        "threshold": 0.5,
    }


def test_a_saved_model_is_refined_from_the_first_step_at_lower_rates():
    fresh = compose([TASK], environment=False).config
    saved = compose([TASK, "model.from_pretrained=some/model"], environment=False).config
    assert (fresh.rl.supervised_share, fresh.training.eval_on_start) == (0.6667, False)
    assert (saved.rl.supervised_share, saved.training.eval_on_start) == (0.0, True)
    assert saved.training.learning_rate == pytest.approx(saved.backbone.finetune_learning_rate / 10)
    assert (
        compose([TASK, "model.from_pretrained=a/b", "training.learning_rate=1e-3"]).config.training.learning_rate
        == 1e-3
    )


def test_no_part_of_it_has_an_effect_elsewhere():
    composed = compose(["task=classification", "rl.cliprange=0.1"], environment=False)
    assert any("rl.cliprange has no effect: only task=classification_rl" in notice for notice in composed.notices)


def test_a_term_that_is_off_is_noted_where_its_companion_is_set():
    composed = compose([TASK, "rl.threshold=0.3", "rl.reference_model=a/b"], environment=False)
    said = "\n".join(composed.notices)
    assert "rl.threshold has no effect" in said
    assert "rl.reference_model has no effect" in said
