"""Shown on the library's own function and cured on the class that every variant's core inherits."""

import pytest
import torch
from gliner.modeling.base import BaseModel
from gliner.modeling.loss_functions import focal_loss_with_logits

from gliexp.models.upstream.focal_loss import SureGradient, focal_loss


class Bare:
    _loss = BaseModel._loss


class Cured(SureGradient, Bare):
    pass


def gradient(loss, logit: float) -> float:
    value = torch.tensor([[[logit]]], requires_grad=True)
    loss(value, torch.ones(1, 1, 1)).sum().backward()
    return float(value.grad)


def test_fault_stock_gradient_vanishes_where_the_model_is_surely_wrong():
    message = "mended upstream: remove gliexp/models/upstream/focal_loss.py"
    assert gradient(Bare()._loss, -20.0) == 0.0, message


def test_cure_gradient_is_the_cross_entropy_s():
    assert gradient(Cured()._loss, -20.0) == pytest.approx(-1.0)
    assert gradient(Cured()._loss, -500.0) == pytest.approx(-1.0)


@pytest.mark.parametrize("alpha", [-1.0, 0.25, 0.75])
@pytest.mark.parametrize("gamma", [0.0, 2.0])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_values_and_gradients_are_the_library_s_where_nothing_is_clamped(alpha, gamma, smoothing):
    torch.manual_seed(0)
    logits = torch.randn(3, 40, 5, dtype=torch.float64) * 3
    labels = torch.randint(0, 2, (3, 40, 5)).double()
    labels[0, :3] = -100
    found = []
    for loss in (focal_loss, lambda x, y, a, g, s: focal_loss_with_logits(x, y, a, g, label_smoothing=s)):
        value = logits.clone().requires_grad_()
        losses = loss(value, labels, alpha, gamma, smoothing)
        losses.sum().backward()
        found.append((losses.detach(), value.grad))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("masking", ["global", "label", "span"])
def test_negatives_are_thinned_and_positives_kept(masking):
    torch.manual_seed(0)
    labels = (torch.rand(4, 50, 6) < 0.02).float()
    losses = Cured()._loss(torch.zeros(4, 50, 6), labels, negatives=0.5, masking=masking)
    assert (losses[labels == 1] > 0).all()
    free = {
        "global": labels == 0,
        "label": (labels.sum(1, keepdim=True) == 0).expand_as(labels),
        "span": (labels.sum(2, keepdim=True) == 0).expand_as(labels),
    }[masking]
    assert (losses[free] == 0).float().mean() == pytest.approx(0.5, abs=0.06)
    assert (losses[~free] > 0).all()


def test_other_losses_stay_the_library_s():
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 9, 3), torch.randint(0, 2, (2, 9, 3)).float()
    for options in ({"loss_type": "dice"}, {"prob_margin": 0.1}, {"normalize_prob": False}):
        given = logits.sigmoid() if options.get("normalize_prob") is False else logits
        torch.testing.assert_close(Cured()._loss(given, labels, **options), Bare()._loss(given, labels, **options))
