import copy

import pytest
import torch
from gliner.modeling.scorers import Scorer
from gliner.modeling.span_rep import SpanMarkerV0

from gliexp.models import algebra

WORDS, WIDTH, MAX_WIDTH = 9, 16, 4


def spans(lengths: list[int]) -> torch.Tensor:
    """The library's grid: every (start, start + k), cells beyond a row's end set to (0, 0) by its mask."""
    grid = torch.tensor([[(start, start + k) for start in range(WORDS) for k in range(MAX_WIDTH)]] * len(lengths))
    inside = grid[..., 1] < torch.tensor(lengths).view(-1, 1)
    return grid * inside.unsqueeze(-1)


def same(stock: torch.nn.Module, inputs: tuple[torch.Tensor, ...], given: int) -> None:
    """Outputs, input gradients and weight gradients of the cheap layer equal the library's to 1e-5."""
    cheap = algebra.apply(copy.deepcopy(stock))
    assert type(cheap) is not type(stock)
    outcomes = []
    for layer in (stock, cheap):
        fresh = [value.clone().requires_grad_(index < given) for index, value in enumerate(inputs)]
        output = layer(*fresh)
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        gradients = [value.grad for value in fresh[:given]] + [weight.grad for weight in layer.parameters()]
        outcomes.append([output, *gradients])
    for ours, theirs in zip(*outcomes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("lengths", [[9, 9], [9, 5, 1], [3]])
def test_span_marker(lengths):
    torch.manual_seed(0)
    layer = SpanMarkerV0(WIDTH, MAX_WIDTH, dropout=0.4).eval()
    same(layer, (torch.randn(len(lengths), WORDS, WIDTH), spans(lengths)), given=1)


def test_scorer():
    torch.manual_seed(0)
    same(Scorer(WIDTH, dropout=0.4).eval(), (torch.randn(3, WORDS, WIDTH), torch.randn(3, 5, WIDTH)), given=2)


def test_dropout_is_still_on_in_training():
    torch.manual_seed(0)
    layer = algebra.apply(SpanMarkerV0(WIDTH, MAX_WIDTH, dropout=0.4)).train()
    words, grid = torch.randn(1, WORDS, WIDTH), spans([9])
    assert not torch.equal(layer(words, grid), layer(words, grid))


def test_weights_keep_their_names():
    stock = SpanMarkerV0(WIDTH, MAX_WIDTH)
    assert list(algebra.apply(copy.deepcopy(stock)).state_dict()) == list(stock.state_dict())
