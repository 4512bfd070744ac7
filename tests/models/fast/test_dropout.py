import pytest
import torch
from torch import nn

from gliexp.models.fast import dropout
from gliexp.models.fast.dropout import CheapDropout, drawn


@pytest.fixture(autouse=True)
def few_values_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropout, "LEAST_VALUES", 0)


@pytest.mark.parametrize("probability", [0.1, 0.4, 0.9])
def test_shares_and_expectation(probability):
    torch.manual_seed(0)
    factors = drawn(torch.Size([1_000_003]), probability)
    assert factors.unique().numel() == 2
    share = float((factors == 0).double().mean())
    assert abs(share - probability) < 5 * (probability * (1 - probability) / 1_000_003) ** 0.5
    assert abs(float(factors.double().mean()) - 1) < 0.005 / (1 - probability)


def test_neighbours_are_independent():
    """Four values share a random word; any two of them fall together as often as chance has it."""
    torch.manual_seed(0)
    gone = (drawn(torch.Size([400_000]), 0.5) == 0).view(-1, 4).double()
    for one in range(4):
        for other in range(one):
            assert abs(float((gone[:, one] * gone[:, other]).mean()) - 0.25) < 0.01


def test_gradient_follows_what_was_kept():
    values = torch.randn(3, 1000, requires_grad=True)
    layer = CheapDropout(0.3).train()
    output = layer(values)
    output.sum().backward()
    assert 0.2 < float((output == 0).double().mean()) < 0.4
    torch.testing.assert_close(output, values * values.grad)


def test_same_seed_same_values_and_another_call_other_values():
    layer, values = CheapDropout(0.3).train(), torch.ones(1000)
    torch.manual_seed(5)
    first, second = layer(values), layer(values)
    torch.manual_seed(5)
    assert torch.equal(first, layer(values))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("layer", [CheapDropout(0.3).eval(), CheapDropout(0.0).train()])
def test_nothing_is_dropped_in_evaluation_or_at_zero(layer):
    values = torch.randn(100)
    assert torch.equal(layer(values), values)


def test_the_extremes_and_other_precisions_are_torchs():
    assert not CheapDropout(1.0).train()(torch.ones(100)).any()
    assert isinstance(CheapDropout(0.5), nn.Dropout)
    halved = CheapDropout(0.5).train()(torch.ones(1000, dtype=torch.bfloat16))
    assert halved.dtype == torch.bfloat16


def test_few_values_are_dropped_by_torch(monkeypatch):
    layer, values = CheapDropout(0.3).train(), torch.ones(1000)
    outcomes = []
    for least in (1000, 1001):
        monkeypatch.setattr(dropout, "LEAST_VALUES", least)
        torch.manual_seed(1)
        outcomes.append(layer(values))
    torch.manual_seed(1)
    plain = nn.functional.dropout(values, 0.3)
    assert [torch.equal(outcome, plain) for outcome in outcomes] == [False, True]
