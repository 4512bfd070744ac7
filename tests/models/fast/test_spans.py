import copy

import pytest
import torch
from gliner.modeling.span_rep import SpanMarkerV0

from gliexp.models.fast import dropout
from gliexp.models.fast.grid import Grid
from gliexp.models.fast.spans import SCORES, FoldedSpanMarker, Spans

WORDS, WIDTH, MAX_WIDTH, LABELS = 9, 16, 4, 3
LENGTHS = [[9, 9], [9, 5, 1], [3], [9, 0, 2]]


def spans(lengths: list[int]) -> torch.Tensor:
    """The library's grid: every (start, start + k), cells beyond a row's end set to (0, 0) by its mask."""
    grid = torch.tensor([[(start, start + k) for start in range(WORDS) for k in range(MAX_WIDTH)]] * len(lengths))
    inside = grid[..., 1] < torch.tensor(lengths).view(-1, 1)
    return grid * inside.unsqueeze(-1)


def folded(stock: SpanMarkerV0) -> SpanMarkerV0:
    layer = copy.deepcopy(stock)
    layer.__class__ = FoldedSpanMarker
    return layer


def compared(stock, read, lengths):
    """What `read` makes of each layer's spans, with all gradients: of words, labels and weights."""
    torch.manual_seed(1)
    words, labels, grid = torch.randn(len(lengths), WORDS, WIDTH), torch.randn(len(lengths), LABELS, WIDTH), None
    grid = spans(lengths)
    outcomes = []
    for layer in (folded(stock), stock):
        layer.zero_grad()
        fresh = [value.clone().requires_grad_() for value in (words, labels)]
        output = read(layer(fresh[0], grid), fresh[1])
        (output * torch.linspace(-1, 1, output.numel()).view_as(output)).sum().backward()
        outcomes.append([output, *[value.grad for value in fresh], *[weight.grad for weight in layer.parameters()]])
    for ours, theirs in zip(*outcomes, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=2e-5)


@pytest.fixture
def stock():
    torch.manual_seed(0)
    return SpanMarkerV0(WIDTH, MAX_WIDTH, dropout=0.4).eval()


@pytest.mark.parametrize("lengths", LENGTHS)
def test_scores_and_gradients_are_the_librarys(stock, lengths):
    """Those of cells that are no span too."""
    compared(stock, lambda vectors, labels: torch.einsum(SCORES, vectors, labels), lengths)


def test_more_labels_than_pay_are_scored_with_vectors(stock):
    many = torch.randn(2, 200, WIDTH)
    compared(stock, lambda vectors, _labels: torch.einsum(SCORES, vectors, many), [9, 5])


def test_scores_and_single_vectors_together_are_the_librarys(stock):
    rows, cells = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 9, 4, 33])  # the last is no span

    def read(vectors, labels):
        flat = vectors.view(2, -1, WIDTH)
        return torch.einsum(SCORES, vectors, labels).sum(dim=(1, 2)).flatten(), flat[rows, cells]

    compared(stock, lambda vectors, labels: torch.cat([value.flatten() for value in read(vectors, labels)]), [9, 5])


@pytest.mark.parametrize(
    "read",
    [
        lambda vectors: vectors * 2,
        lambda vectors: vectors.mean(dim=1),
        lambda vectors: torch.cat([vectors, vectors]),
        lambda vectors: vectors.view(2, -1, WIDTH)[0],
        lambda vectors: vectors.view(2, -1, WIDTH).sum(dim=1),
        lambda vectors: vectors.view(2 * WORDS, -1),
    ],
)
def test_whatever_else_is_asked_is_asked_of_the_tensor(stock, read):
    compared(stock, lambda vectors, _labels: read(vectors) + 0 * _labels.sum(), [9, 5])


def test_sizes_are_the_tensors(stock):
    found = folded(stock)(torch.randn(2, WORDS, WIDTH), spans([9, 5]))
    assert isinstance(found, Spans)
    assert found.size() == found.shape == (2, WORDS, MAX_WIDTH, WIDTH)
    assert found.size(-1) == WIDTH
    assert found.view(2, -1, WIDTH).shape == (2, WORDS * MAX_WIDTH, WIDTH)


def test_a_choice_of_spans_that_is_no_grid_is_the_librarys(stock):
    few = torch.tensor([[[0, 1], [2, 2], [3, 5], [1, 1]]])
    words = torch.randn(1, WORDS, WIDTH)
    torch.testing.assert_close(folded(stock)(words, few), stock(words, few), rtol=1e-5, atol=1e-5)
    assert Grid.of(few, MAX_WIDTH) is None


def test_dropout_has_the_gradient_of_what_was_kept(stock, monkeypatch):
    """Against the library's layers with the same draws: one share of each hidden value for all that is asked."""
    kept = {}

    def draw(shape, _probability):
        factors = (torch.arange(shape.numel()) * 7 % 10 >= 4).float().view(shape) * dropout.scale(0.4)
        kept[len(kept)] = factors
        return factors

    monkeypatch.setattr(dropout, "drawn", draw)
    layer = folded(stock).train()
    for module in (*layer.project_start, *layer.project_end):
        module.eval()
    torch.manual_seed(1)
    words, labels = torch.randn(1, WORDS, WIDTH, requires_grad=True), torch.randn(1, LABELS, WIDTH, requires_grad=True)
    found = layer(words, spans([WORDS]))
    scores = torch.einsum(SCORES, found, labels)
    rows, cells = torch.zeros(4, dtype=torch.long), torch.tensor([0, 5, 10, 7])
    picked = found.view(1, -1, WIDTH)[rows, cells]
    torch.testing.assert_close(picked @ labels[0].t(), scores.view(-1, LABELS)[cells], rtol=1e-4, atol=1e-5)
    gradients = torch.autograd.grad(
        (scores * torch.linspace(-1, 1, scores.numel()).view_as(scores)).sum(), [words, labels]
    )

    grid = Grid.of(spans([WORDS]), MAX_WIDTH)
    factors = torch.zeros(WORDS, MAX_WIDTH, 4 * WIDTH)
    for number, (_row, further, _start, _end, _place) in enumerate(grid.blocks()):
        factors[: WORDS - further, further] = kept[number]
    first, _relu, _drop, last = stock.out_project
    pairs = spans([WORDS])[0]
    ends = torch.cat([stock.project_start(words)[0][pairs[:, 0]], stock.project_end(words)[0][pairs[:, 1]]], dim=-1)
    hidden = first(ends.relu()).relu().view(WORDS, MAX_WIDTH, -1)
    vectors = last(torch.where(grid.real()[0].unsqueeze(-1), hidden * factors, hidden[0, 0] * factors[0, 0]))
    plain = torch.einsum(SCORES, vectors.unsqueeze(0), labels)
    torch.testing.assert_close(scores, plain, rtol=1e-5, atol=1e-5)
    expected = torch.autograd.grad((plain * torch.linspace(-1, 1, plain.numel()).view_as(plain)).sum(), [words, labels])
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
