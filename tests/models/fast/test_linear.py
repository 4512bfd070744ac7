import pytest
import torch
from torch import nn
from torch.nn import functional

from gliexp.models.fast import linear


def made(inputs: torch.Tensor, layer: nn.Linear) -> list[torch.Tensor]:
    fresh = inputs.clone().requires_grad_()
    output = layer(fresh)
    (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
    return [output, fresh.grad, *[weight.grad for weight in layer.parameters()]]


@pytest.fixture(autouse=True)
def every_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "LEAST_PRODUCTS", 0)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(40, 24), (4, 10, 24), (2, 3, 7, 24)])
def test_products_and_gradients_are_torchs(shape, bias):
    torch.manual_seed(0)
    stock, inputs = nn.Linear(24, 9, bias=bias), torch.randn(shape)
    expected = made(inputs, stock)
    stock.zero_grad()
    stock.__class__ = linear.OneDnnLinear
    for ours, theirs in zip(made(inputs, stock), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_one_dnn_really_multiplies(monkeypatch):
    called = []
    monkeypatch.setattr(linear, "_multiplied", lambda *given: called.append(given) or functional.linear(*given))
    monkeypatch.setattr(linear, "LEAST_PRODUCTS", 16 * 64)
    layer = linear.OneDnnLinear(8, 8)
    layer(torch.randn(16, 8))
    assert len(called) == 1
    layer(torch.randn(15, 8))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.randn(64, 8)).dtype == torch.bfloat16
    assert layer.double()(torch.randn(64, 8).double()).dtype == torch.float64
    assert len(called) == 1


def test_parts_of_other_tensors_reach_one_dnn_without_gaps(monkeypatch):
    """Of a layer's weight, of its inputs and of its gradient; the numbers are torch's."""
    given, plain = [], linear._by_one_dnn
    monkeypatch.setattr(linear, "_by_one_dnn", lambda *handed: given.append(handed) or plain(*handed))
    torch.manual_seed(0)
    whole, weight = torch.randn(40, 64, requires_grad=True), torch.randn(30, 50, requires_grad=True)
    outcomes = []
    for way in (linear.linear, functional.linear):
        product = way(whole[:, 10:30], weight[:, :20])
        wide = torch.cat([product, product], dim=1)
        outcomes.append([product, *torch.autograd.grad((wide * torch.arange(60.0)).sum(), [whole, weight])])
    for ours, theirs in zip(*outcomes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-3)
    assert len(given) == 3
    for matrices in given:
        assert all(matrix.is_contiguous() or matrix.t().is_contiguous() for matrix in matrices[:2])


def test_a_frozen_weight_gets_no_gradient():
    layer = linear.OneDnnLinear(8, 8).requires_grad_(False)
    inputs = torch.randn(32, 8, requires_grad=True)
    layer(inputs).sum().backward()
    assert layer.weight.grad is None
    assert inputs.grad is not None
