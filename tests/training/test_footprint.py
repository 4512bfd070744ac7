import pytest
import torch
from torch import nn
from transformers import Adafactor

from gliexp.training.footprint import kept_for_backward, measure, readable


@pytest.fixture
def model() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 8))
    layers[3].weight.requires_grad_(False)
    return layers


OPTIMIZERS = {
    "adamw_torch": lambda p: torch.optim.AdamW(p),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "adagrad": lambda p: torch.optim.Adagrad(p),
    "rmsprop": lambda p: torch.optim.RMSprop(p),
    "adafactor": lambda p: Adafactor(p, scale_parameter=False, relative_step=False, lr=0.1),
}


@pytest.mark.parametrize("optim", OPTIMIZERS)
def test_the_estimate_is_what_a_step_really_holds(optim, model):
    trainable = [p for p in model.parameters() if p.requires_grad]
    optimizer = OPTIMIZERS[optim](trainable)
    model(torch.randn(4, 32)).sum().backward()
    optimizer.step()
    state = [t for s in optimizer.state.values() for t in s.values() if isinstance(t, torch.Tensor) and t.numel() > 1]
    estimate = measure(model, optim, 0)
    assert estimate.weights == sum(p.numel() * 4 for p in model.parameters())
    assert estimate.gradients == sum(p.grad.numel() * 4 for p in trainable)
    assert estimate.optimizer == pytest.approx(sum(t.numel() * t.element_size() for t in state), abs=16)


def test_activations_are_counted_and_nothing_is_disturbed(model):
    model.train()
    inputs = torch.randn(128, 32)
    state = torch.get_rng_state()
    kept = kept_for_backward(model, lambda: model(inputs))
    assert torch.equal(torch.get_rng_state(), state)
    # the input of the first layer, and the 64 wide results of the first, the ReLU and the dropout with its mask
    assert 128 * 32 * 4 + 128 * 64 * 4 <= kept <= 128 * 32 * 4 + 5 * 128 * 64 * 4
    assert kept_for_backward(model, lambda: model(inputs[:64].clone())) < kept


def test_sizes_read_well():
    assert [readable(size) for size in (10, 2048, 3 * 1024**2)] == ["10 B", "2.0 KiB", "3.0 MiB"]
