import pytest
from torch import nn

from gliexp.training.optimizer import parameter_groups, undecayed


class RMSNorm(nn.Module):
    """Stands for the norms of T5, Qwen and ModernBERT, which are no nn.LayerNorm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.ones_(nn.Linear(size, 1).weight[0].detach().clone()))


@pytest.fixture
def model() -> nn.Module:
    encoder = nn.ModuleDict({"dense": nn.Linear(4, 4), "norm": RMSNorm(4)})
    frozen = nn.Linear(4, 4)
    frozen.requires_grad_(False)
    return nn.ModuleDict(
        {"token_rep_layer": encoder, "frozen": frozen, "head": nn.Linear(4, 2), "LayerNorm": nn.LayerNorm(4)}
    )


def groups_of(model: nn.Module, **changes: object):
    settings = {
        "encodes": lambda name: "token_rep_layer" in name,
        "learning_rate": 1e-5,
        "weight_decay": 0.1,
        "others_lr": 1e-3,
        "others_weight_decay": 0.2,
        **changes,
    }
    return {group.name: group for group in parameter_groups(model, **settings)}


def test_every_trainable_parameter_is_in_exactly_one_group(model):
    grouped = [id(parameter) for group in groups_of(model).values() for parameter in group.parameters]
    trainable = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
    assert sorted(grouped) == sorted(trainable)
    assert len(set(grouped)) == len(grouped)


def test_norms_of_any_class_and_biases_are_not_decayed(model):
    assert undecayed(model) == {
        "token_rep_layer.dense.bias",
        "token_rep_layer.norm.weight",
        "frozen.bias",
        "head.bias",
        "LayerNorm.weight",
        "LayerNorm.bias",
    }


def test_rates_and_decays(model):
    groups = groups_of(model)
    assert {name: (group.learning_rate, group.weight_decay) for name, group in groups.items()} == {
        "encoder": (1e-5, 0.1),
        "encoder, no decay": (1e-5, 0.0),
        "others": (1e-3, 0.2),
        "others, no decay": (1e-3, 0.0),
    }


def test_a_rate_of_zero_is_a_rate_and_null_follows_the_encoder(model):
    assert groups_of(model, others_lr=0.0)["others"].learning_rate == 0.0
    follow = groups_of(model, others_lr=None)["others"]
    assert (follow.learning_rate, follow.weight_decay) == (1e-5, 0.1)
