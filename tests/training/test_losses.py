"""Losses: by hand, and against each other where they must agree."""

from __future__ import annotations

import math

import pytest
import torch

from chorus.training import HeadOptions
from chorus.training.losses import cross_entropy, focal, loss, smooth

LOGITS = torch.tensor([[-2.0], [0.3], [4.0], [-0.5]])
TARGETS = torch.tensor([[0.0], [1.0], [0.975], [0.4]])


def test_cross_entropy_by_hand():
    chances = [1 / (1 + math.exp(-logit)) for logit in LOGITS[:, 0].tolist()]
    terms = [
        -(target * math.log(chance) + (1 - target) * math.log(1 - chance))
        for chance, target in zip(chances, TARGETS[:, 0].tolist(), strict=True)
    ]
    assert cross_entropy(LOGITS, TARGETS).item() == pytest.approx(sum(terms) / 4, rel=1e-6)


def test_focal_loss_by_hand_on_hard_labels():
    """-alpha_t (1 - p_t)^gamma log(p_t), as in the paper."""
    chances = [1 / (1 + math.exp(2.0)), 1 / (1 + math.exp(-0.3))]
    negative = -0.75 * chances[0] ** 2 * math.log(1 - chances[0])
    positive = -0.25 * (1 - chances[1]) ** 2 * math.log(chances[1])
    value = focal(LOGITS[:2], TARGETS[:2], gamma=2.0, alpha=0.25).item()
    assert value == pytest.approx((negative + positive) / 2, rel=1e-5)


def test_focal_loss_without_focus_is_half_the_cross_entropy():
    assert focal(LOGITS, TARGETS, gamma=0.0, alpha=0.5).item() == pytest.approx(
        0.5 * cross_entropy(LOGITS, TARGETS).item(), rel=1e-6
    )


def test_focus_discounts_what_is_right_already():
    right, wrong = torch.tensor([[3.0]]), torch.tensor([[-3.0]])
    target = torch.tensor([[1.0]])
    kept = [focal(logit, target, 2.0, 0.5).item() / focal(logit, target, 0.0, 0.5).item() for logit in (right, wrong)]
    assert kept[0] < 0.01 < 0.9 < kept[1]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_gradients_are_finite_for_sure_and_right_logits(gamma):
    logits = torch.tensor([[40.0], [-40.0]], requires_grad=True)
    focal(logits, torch.tensor([[1.0], [0.0]]), gamma, 0.25).backward()
    assert torch.isfinite(logits.grad).all()


def test_label_smoothing_moves_both_labels_and_keeps_the_middle():
    assert smooth(torch.tensor([0.0, 0.5, 1.0]), 0.05).tolist() == pytest.approx([0.025, 0.5, 0.975])
    assert smooth(torch.tensor([0.0, 1.0]), 0.0).tolist() == [0, 1]


def test_the_options_choose_the_loss():
    assert loss(LOGITS, TARGETS, HeadOptions()) == cross_entropy(LOGITS, TARGETS)
    assert loss(LOGITS, TARGETS, HeadOptions(focal_loss=True, focal_gamma=1.5)) == focal(LOGITS, TARGETS, 1.5, 0.25)
