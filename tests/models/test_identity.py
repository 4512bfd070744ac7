import torch
from gliner.modeling.layers import create_projection_layer
from gliner.modeling.span_rep import SpanMarkerV0, SpanQuery
from torch import nn

from gliexp.models.identity import start_as_identity

WIDTH, MAX_WIDTH, WORDS = 16, 3, 5


def model(layer: nn.Module) -> nn.Module:
    holder = nn.Module()
    holder.model = nn.Module()
    holder.model.span_rep_layer = nn.Module()
    holder.model.span_rep_layer.span_rep_layer = layer
    holder.model.prompt_rep_layer = create_projection_layer(WIDTH, 0.0)
    return holder


def silence_the_random_half(*projections: nn.Sequential) -> None:
    for projection in projections:
        projection[-1].weight.data[:, 2 * WIDTH :] = 0
        projection[-1].bias.data.zero_()


def test_a_fresh_score_is_the_similarity_of_label_and_end_words():
    torch.manual_seed(0)
    layer = SpanMarkerV0(WIDTH, MAX_WIDTH, dropout=0.0)
    fresh = model(layer)
    assert start_as_identity(fresh)
    labels = fresh.model.prompt_rep_layer
    silence_the_random_half(layer.project_start, layer.project_end, layer.out_project, labels)
    words, names = torch.randn(1, WORDS, WIDTH), torch.randn(1, 2, WIDTH)
    grid = torch.tensor([[(start, min(start + k, WORDS - 1)) for start in range(WORDS) for k in range(MAX_WIDTH)]])
    spans = layer(words, grid)
    torch.testing.assert_close(spans[0, 1, 2], (words[0, 1].relu() + words[0, 3].relu()) / 2)
    torch.testing.assert_close(labels(names), names / WIDTH**0.5)


def test_half_of_each_layer_stays_random():
    torch.manual_seed(0)
    layer = SpanMarkerV0(WIDTH, MAX_WIDTH, dropout=0.0)
    before = layer.out_project[0].weight.detach().clone()
    start_as_identity(model(layer))
    assert torch.equal(layer.out_project[0].weight[2 * WIDTH :], before[2 * WIDTH :])


def test_other_layers_are_left_alone():
    layer = SpanQuery(WIDTH, MAX_WIDTH)
    fresh = model(layer)
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    assert not start_as_identity(fresh)
    assert all(torch.equal(value, before[name]) for name, value in fresh.state_dict().items())
