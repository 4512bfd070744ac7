"""Each term of the reinforcement loss: off at -1, and with the right sign when it is on."""

import pytest
import torch

from gliexp.training.policy import Rollout, Terms, act, divergence, entropy, judge, log_probs


def rollout(logits, actions, *, advantage=(1.0, -0.5), targets=None, real=None, reference=None, smoothing=-1.0):
    return Rollout(
        actions=actions,
        targets=torch.zeros_like(logits) if targets is None else targets,
        real=torch.ones_like(logits, dtype=torch.bool) if real is None else real,
        log_probs=log_probs(logits, actions, smoothing).detach(),
        advantage=torch.tensor(advantage),
        reference=reference,
    )


LOGITS = torch.tensor([[0.3, -1.2, 0.8], [-0.4, 0.1, 1.5]])
ACTIONS = torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])


def gradient(terms, made, logits=LOGITS):
    moved = logits.clone().requires_grad_(True)
    judge(moved, made, terms).loss.backward()
    return moved.grad


def test_a_policy_that_has_not_moved_has_a_ratio_of_exactly_1():
    for smoothing in (-1.0, 0.2):
        found = judge(LOGITS, rollout(LOGITS, ACTIONS, smoothing=smoothing), Terms(labels_smoothing=smoothing))
        assert found.ratio == 1.0
        assert found.clipped == 0.0


def test_good_rows_make_their_actions_likelier_and_bad_rows_less_likely():
    slope = gradient(Terms(), rollout(LOGITS, ACTIONS))
    towards = -slope * (2 * ACTIONS - 1)
    assert (towards[0] > 0).all()
    assert (towards[1] < 0).all()


def test_the_first_gradient_is_that_of_reinforce():
    made = rollout(LOGITS, ACTIONS)
    plain = LOGITS.clone().requires_grad_(True)
    (-(log_probs(plain, ACTIONS) * made.advantage.unsqueeze(1)).sum(1).mean()).backward()
    assert torch.allclose(gradient(Terms(), made), plain.grad, atol=1e-7)


def test_gain_beyond_the_clip_counts_no_more():
    made = rollout(LOGITS, ACTIONS, advantage=(1.0, 1.0))
    moved = LOGITS + 2 * (2 * ACTIONS - 1)
    assert gradient(Terms(cliprange=0.1), made, moved).abs().max() == 0
    assert gradient(Terms(cliprange=10.0), made, moved).abs().max() > 0


def test_padding_is_no_part_of_the_loss():
    real = torch.tensor([[True, True, False], [True, False, False]])
    made = rollout(LOGITS, ACTIONS, real=real, reference=torch.full_like(LOGITS, 0.3))
    terms = Terms(entropy_beta=0.1, kl_beta=0.1, gamma=1.0, alpha=0.3)
    assert (gradient(terms, made)[~real] == 0).all()
    other = LOGITS.masked_fill(~real, 9.0)
    assert judge(other, made, terms).loss == judge(LOGITS, made, terms).loss


def test_minus_one_switches_every_term_off():
    made = rollout(LOGITS, ACTIONS, reference=torch.full_like(LOGITS, 0.3))
    off = Terms(gamma=-1.0, alpha=-1.0, labels_smoothing=-1.0, entropy_beta=-1.0, kl_beta=-1.0)
    plain = LOGITS.clone().requires_grad_(True)
    (-(log_probs(plain, ACTIONS) * made.advantage.unsqueeze(1)).sum(1).mean()).backward()
    assert torch.allclose(gradient(off, made), plain.grad, atol=1e-7)


def test_gamma_weighs_hard_labels_more():
    """Of two labels with the same action and slope the one whose truth is less likely counts more."""
    logits = torch.tensor([[2.0, 2.0]])
    made = rollout(logits, torch.ones(1, 2), advantage=(1.0,), targets=torch.tensor([[1.0, 0.0]]))
    easy, hard = gradient(Terms(gamma=2.0), made, logits)[0].abs().tolist()
    probability = torch.tensor(2.0).sigmoid().item()
    plain = gradient(Terms(), made, logits)[0, 0].abs().item()
    assert easy == pytest.approx(plain * (1 - probability) ** 2, rel=1e-4)
    assert hard == pytest.approx(plain * probability**2, rel=1e-4)


def test_alpha_weighs_what_holds_against_the_rest():
    logits = torch.zeros(1, 2)
    made = rollout(logits, torch.ones(1, 2), advantage=(1.0,), targets=torch.tensor([[1.0, 0.0]]))
    holds, not_so = gradient(Terms(alpha=0.75), made, logits)[0].abs().tolist()
    assert holds == pytest.approx(3 * not_so)
    assert gradient(Terms(alpha=0.0), made, logits)[0, 0] == 0


def test_smoothing_draws_actions_towards_one_half():
    sure = log_probs(torch.tensor([[4.0]]), torch.ones(1, 1))
    smoothed = log_probs(torch.tensor([[4.0]]), torch.ones(1, 1), 0.2)
    assert smoothed < sure
    assert smoothed.item() == pytest.approx(
        0.9 * torch.tensor(4.0).sigmoid().log().item() + 0.1 * torch.tensor(-4.0).sigmoid().log().item()
    )
    made = rollout(LOGITS, ACTIONS, smoothing=0.2)
    assert gradient(Terms(labels_smoothing=0.2), made).abs().sum() < gradient(Terms(), made).abs().sum()


def test_the_entropy_bonus_makes_the_policy_less_decided():
    still = rollout(LOGITS, ACTIONS, advantage=(0.0, 0.0))
    after = LOGITS - gradient(Terms(entropy_beta=0.5), still)
    assert entropy(after).mean() > entropy(LOGITS).mean()
    assert gradient(Terms(entropy_beta=-1.0), still).abs().max() == 0


def test_no_divergence_from_an_equal_model_and_a_pull_towards_another():
    assert divergence(LOGITS, LOGITS.sigmoid()).abs().max() < 1e-6
    same = rollout(LOGITS, ACTIONS, advantage=(0.0, 0.0), reference=LOGITS.sigmoid())
    assert judge(LOGITS, same, Terms(kl_beta=1.0)).kl == pytest.approx(0, abs=1e-6)
    assert gradient(Terms(kl_beta=1.0), same).abs().max() < 1e-6
    target = torch.tensor([[0.9, 0.9, 0.1], [0.1, 0.9, 0.1]])
    other = rollout(LOGITS, ACTIONS, advantage=(0.0, 0.0), reference=target)
    step = -gradient(Terms(kl_beta=1.0), other)
    assert (step.sign() == (target - LOGITS.sigmoid()).sign()).all()
    assert gradient(Terms(kl_beta=-1.0), other).abs().max() == 0


def test_actions_follow_chance_or_the_threshold():
    probs, real = torch.tensor([[0.2, 0.6, 0.9]]), torch.tensor([[True, True, False]])
    assert act(probs, torch.tensor([[0.1, 0.7, 0.0]]), real, "bernoulli", 0.5).tolist() == [[1.0, 0.0, 0.0]]
    assert act(probs, torch.tensor([[0.1, 0.7, 0.0]]), real, "threshold", 0.5).tolist() == [[0.0, 1.0, 0.0]]
    assert act(probs, torch.rand(1, 3), real, "threshold", 0.6)[0, 1] == 1
