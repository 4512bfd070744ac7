from typing import Any

import pytest
import torch
from torch import nn

from gliexp.training.muon import MuonWithAdamW
from gliexp.training.optimizer import joined, parameter_groups, table, undecayed


class RMSNorm(nn.Module):
    """Stands for the norms of T5, Qwen and ModernBERT, which are no nn.LayerNorm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(4, 4)
        self.norm = RMSNorm(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dense(x) * self.norm.weight


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(6, 4)
        self.layers = nn.ModuleList([Layer(), Layer(), Layer()])
        self.final_norm = RMSNorm(4)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embeddings(ids)
        for layer in self.layers:
            x = layer(x)
        return x * self.final_norm.weight


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.frozen = nn.Linear(4, 4)
        self.frozen.requires_grad_(False)
        self.head = nn.Linear(4, 2)
        self.LayerNorm = nn.LayerNorm(4)
        self.rnn = nn.LSTM(4, 4)
        self.relative_attention_bias = nn.Embedding(3, 2)


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    return Model()


SETTINGS = {"learning_rate": 1e-5, "weight_decay": 0.1, "others_lr": 1e-3, "others_weight_decay": 0.2}


def groups_of(model: Model, **changes: Any):
    return parameter_groups(model, {"text_encoder": model.encoder}, **{**SETTINGS, **changes})


def by_name(model: Model, **changes: Any):
    return {group.name: group for group in joined(groups_of(model, **changes))}


@pytest.mark.parametrize("changes", [{}, {"layerwise_lr_decay": 0.5}, {"others_lr": None}])
def test_every_trainable_parameter_is_in_exactly_one_group(model, changes):
    for groups in (groups_of(model, **changes), joined(groups_of(model, **changes))):
        grouped = [id(parameter) for group in groups for parameter in group.parameters]
        trainable = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
        assert sorted(grouped) == sorted(trainable)


def test_norms_of_any_class_and_biases_are_not_decayed(model):
    names = undecayed(model)
    assert {name for name, p in model.named_parameters() if name not in names} == {
        "encoder.embeddings.weight",
        *(f"encoder.layers.{n}.dense.weight" for n in range(3)),
        "frozen.weight",
        "head.weight",
        "rnn.weight_ih_l0",
        "rnn.weight_hh_l0",
    }


def test_rates_and_decays(model):
    assert {n: (g.learning_rate, g.weight_decay) for n, g in by_name(model).items()} == {
        "encoder": (1e-5, 0.1),
        "encoder, no decay": (1e-5, 0.0),
        "others": (1e-3, 0.2),
        "others, no decay": (1e-3, 0.0),
    }


def test_zero_is_a_rate_and_a_decay_and_null_follows_the_encoder(model):
    still = by_name(model, others_lr=0.0, others_weight_decay=0.0)["others"]
    assert (still.learning_rate, still.weight_decay) == (0.0, 0.0)
    follow = by_name(model, others_lr=None)["others"]
    assert (follow.learning_rate, follow.weight_decay) == (1e-5, 0.1)


def test_rates_fall_layer_by_layer_towards_the_embeddings(model):
    groups = by_name(model, layerwise_lr_decay=0.5)
    assert {name: group.learning_rate for name, group in groups.items() if "no decay" not in name} == {
        "encoder, embeddings": 1e-5 / 8,
        "encoder, layer 0": 1e-5 / 4,
        "encoder, layer 1": 1e-5 / 2,
        "encoder, layer 2": 1e-5,
        "others": 1e-3,
    }
    last = groups["encoder, layer 2, no decay"].parameters
    assert any(parameter is model.encoder.final_norm.weight for parameter in last)


def test_the_table_counts_each_group(model):
    shown = table(joined(groups_of(model)))
    counts = [int(str(cell).replace(",", "")) for cell in shown.columns[1].cells]
    assert sum(counts) == sum(p.numel() for p in model.parameters() if p.requires_grad)


def _steps(model: Model, optimizer: Any, number: int, start: int = 0) -> None:
    for step in range(start, start + number):
        ids = torch.randint(0, 6, (5,), generator=torch.Generator().manual_seed(step))
        loss = (model.head(model.LayerNorm(model.encoder(ids))) - 1).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _muon(model: Model) -> MuonWithAdamW:
    return MuonWithAdamW(groups_of(model, learning_rate=1e-2), betas=(0.9, 0.999), eps=1e-8)


def test_muon_steps_matrices_of_layers_and_adamw_the_rest(model):
    optimizer = _muon(model)
    _steps(model, optimizer, 2)
    kinds = {id(p): set(state) for p, state in optimizer.state.items()}
    assert kinds[id(model.encoder.layers[0].dense.weight)] == {"momentum_buffer"}
    for parameter in (model.encoder.embeddings.weight, model.head.weight, model.encoder.layers[0].dense.bias):
        assert {"exp_avg", "exp_avg_sq"} <= kinds[id(parameter)]


def test_muon_follows_a_schedule_and_goes_on_from_a_checkpoint():
    torch.manual_seed(0)
    whole = Model()
    optimizer = _muon(whole)
    _steps(whole, optimizer, 2)
    kept = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    state = torch.load(_saved(optimizer.state_dict()), weights_only=True)
    _steps(whole, optimizer, 2, start=2)
    again = Model()
    again.load_state_dict(kept)
    second = _muon(again)
    second.load_state_dict(state)
    _steps(again, second, 2, start=2)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))
    for group in second.param_groups:
        group["lr"] = 0.0
    before = [p.clone() for p in again.parameters()]
    _steps(again, second, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, again.parameters(), strict=True))


def _saved(state: Any) -> Any:
    import io

    stream = io.BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    return stream
