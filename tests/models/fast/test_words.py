import copy

import pytest
import torch
from gliner.modeling.scorers import Scorer

from gliexp.models.fast.words import PackedScorer

WIDTH, WORDS, LABELS = 16, 9, 3


@pytest.mark.parametrize("lengths", [[9, 9], [9, 4, 1], [5, 0]])
def test_scores_and_gradients_are_the_librarys(lengths):
    torch.manual_seed(0)
    stock = Scorer(WIDTH, dropout=0.4).eval()
    packed = copy.deepcopy(stock)
    packed.__class__ = PackedScorer
    words, labels = torch.randn(len(lengths), WORDS, WIDTH), torch.randn(len(lengths), LABELS, WIDTH)
    for row, length in enumerate(lengths):
        words[row, length:] = 0
    outcomes = []
    for layer in (packed, stock):
        fresh = [value.clone().requires_grad_() for value in (words, labels)]
        output = layer(*fresh)
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        real = words.any(dim=-1)
        outcomes.append([output, fresh[0].grad[real], fresh[1].grad, *[p.grad for p in layer.parameters()]])
    for ours, theirs in zip(*outcomes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_dropout_is_still_on_in_training():
    torch.manual_seed(0)
    layer = Scorer(WIDTH, dropout=0.4).train()
    layer.__class__ = PackedScorer
    words, labels = torch.randn(1, WORDS, WIDTH), torch.randn(1, LABELS, WIDTH)
    assert not torch.equal(layer(words, labels), layer(words, labels))
