"""Rewards see real labels only, are added by weight, and what cannot reward is refused."""

import sys

import pytest
import torch
from gliclass.utils import default_f1_reward

from gliexp.errors import Refusal, RunFailed
from gliexp.training import rewards


def padded(*rows: list[float], slots: int = 8) -> torch.Tensor:
    return torch.tensor([row + [0.0] * (slots - len(row)) for row in rows])


def mask(*lengths: int, slots: int = 8) -> torch.Tensor:
    return torch.arange(slots) < torch.tensor(lengths).unsqueeze(1)


TWO = {"actions": torch.ones(1, 8) * mask(2), "targets": padded([1.0, 0.0])}


def test_two_labels_in_eight_slots_give_two_thirds():
    """The library's trainer takes the six empty slots for labels, since they are padded with 0: 0.22."""
    found = rewards.f1(torch.rand(1, 8), torch.ones(1, 8), TWO["targets"], mask(2))
    assert found.tolist() == pytest.approx([2 / 3])
    as_in_the_library = TWO["targets"] != -100
    assert default_f1_reward(torch.rand(1, 8), torch.ones(1, 8), TWO["targets"], as_in_the_library).item() < 0.23


@pytest.mark.parametrize(
    ("name", "expected"),
    [("f1", 0.5), ("precision", 0.5), ("recall", 0.5), ("accuracy", 0.5), ("exact", 0.0)],
)
def test_every_reward_on_a_row_of_four_labels(name, expected):
    actions, targets = padded([1.0, 1.0, 0.0, 0.0]), padded([1.0, 0.0, 1.0, 0.0])
    assert rewards.BUILT_IN[name](actions, actions, targets, mask(4)).tolist() == [expected]
    right = rewards.BUILT_IN[name](actions, targets, targets, mask(4))
    assert right.tolist() == [1.0]


@pytest.mark.parametrize("name", rewards.BUILT_IN)
def test_padding_changes_no_reward(name):
    draw = torch.Generator().manual_seed(0)
    actions = (torch.rand(6, 5, generator=draw) < 0.5).float()
    targets = (torch.rand(6, 5, generator=draw) < 0.5).float()
    narrow = rewards.BUILT_IN[name](actions, actions, targets, torch.ones(6, 5, dtype=torch.bool))
    wide = [torch.cat([values, torch.ones(6, 3)], dim=1) for values in (actions, 1 - targets)]
    wide[1][:, :5] = targets
    assert torch.equal(rewards.BUILT_IN[name](wide[0], wide[0], wide[1], mask(*[5] * 6)), narrow)


@pytest.mark.parametrize(("name", "silent"), [("f1", 1.0), ("precision", 1.0), ("recall", 1.0), ("exact", 1.0)])
def test_silence_pays_where_nothing_is_true(name, silent):
    nothing = torch.zeros(1, 8)
    assert rewards.BUILT_IN[name](nothing, nothing, nothing, mask(3)).tolist() == [silent]
    spoken = rewards.BUILT_IN[name](nothing, torch.ones(1, 8), nothing, mask(3))
    assert spoken.item() < 1 or name == "recall"


def test_components_are_added_by_weight():
    both = rewards.of([{"name": "f1", "weight": 1.0}, {"name": "recall", "weight": -0.5}])
    total, parts = both(torch.rand(1, 8), torch.ones(1, 8), TWO["targets"], mask(2))
    assert total.tolist() == pytest.approx([2 / 3 - 0.5])
    assert {name: value.item() for name, value in parts.items()} == pytest.approx({"f1": 2 / 3, "recall": 1.0})
    assert [component.name for component in rewards.of(None).components] == ["f1"]


@pytest.fixture
def own(tmp_path, monkeypatch):
    lines = [
        "import torch",
        "def brevity(probs, actions, targets, real): return -(actions * real).sum(1, keepdim=True)",
        "def broken(probs, actions, targets, real): return actions",
        "def silly(probs, actions, targets, real): return actions.sum(1) / 0",
        "number = 3",
    ]
    (tmp_path / "own_rewards.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_rewards", None)


def test_a_function_of_the_user_s_own(own):
    found = rewards.of([{"name": "f1"}, {"name": "own_rewards.brevity", "weight": 0.1}])
    total, parts = found(torch.rand(1, 8), torch.ones(1, 8), TWO["targets"], mask(2))
    assert total.tolist() == pytest.approx([2 / 3 - 0.2])
    assert parts["own_rewards.brevity"].tolist() == [-2.0]


def test_functions_that_are_not_there_are_refused_all_at_once(own):
    names = ["own_rewards.brevty", "no_such_module.reward", "own_rewards.number"]
    with pytest.raises(Refusal) as told:
        rewards.of([{"name": name} for name in names])
    assert [problem.key for problem in told.value.problems] == [
        f"rl.reward_components[{place}].name" for place in range(3)
    ]


@pytest.mark.parametrize(("name", "said"), [("broken", "not one number a row"), ("silly", "finite")])
def test_a_reward_that_is_none_ends_the_run(own, name, said):
    with pytest.raises(RunFailed, match=said):
        rewards.of([{"name": f"own_rewards.{name}"}])(torch.rand(1, 8), torch.ones(1, 8), TWO["targets"], mask(2))
