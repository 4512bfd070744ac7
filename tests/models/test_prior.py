import pytest
import torch
from torch import nn

from gliexp.models.prior import set_prior


def core(**parts: nn.Module) -> nn.Module:
    holder = nn.Module()
    holder.model = nn.ModuleDict()
    for name, part in parts.items():
        holder.model.add_module(name, part)
    return holder


def projection() -> nn.Sequential:
    layers = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.bias)
    return layers


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_token_scores_start_at_the_prior():
    scorer = nn.Module()
    scorer.out_mlp = nn.Sequential(nn.Linear(4, 3))
    before = scorer.out_mlp[-1].bias.detach().clone()
    assert set_prior(core(scorer=scorer), 0.05, seed=1)
    shift = scorer.out_mlp[-1].bias - before
    torch.testing.assert_close(torch.sigmoid(shift), torch.full((3,), 0.05))


def test_span_scores_are_shifted_by_the_prior_s_logit_on_average():
    marker, layer = nn.Module(), nn.Module()
    marker.out_project = projection()
    layer.span_rep_layer = marker
    labels = projection()
    spans, names = torch.randn(500, 8), torch.randn(40, 8)
    before = marker.out_project(spans) @ labels(names).T
    assert set_prior(core(span_rep_layer=layer, prompt_rep_layer=labels), 0.02, seed=1)
    shift = (marker.out_project(spans) @ labels(names).T - before).mean()
    assert float(shift.detach()) == pytest.approx(-3.89, abs=0.5)


def test_layers_without_an_output_bias_are_left_alone():
    layer = nn.Module()
    layer.span_rep_layer = nn.Linear(2, 2)
    assert not set_prior(core(span_rep_layer=layer, prompt_rep_layer=projection()), 0.02, seed=1)
