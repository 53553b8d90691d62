"""Losses: by hand, and against each other where they must agree."""

from __future__ import annotations

import math

import pytest
import torch

from chorus.tasks import DETECTION, Classification, Focal, Regression
from chorus.tasks.losses import binary_cross_entropy, binary_focal, smooth

LOGITS = torch.tensor([[-2.0], [0.3], [4.0], [-0.5]])
TARGETS = torch.tensor([[0.0], [1.0], [0.975], [0.4]])


def test_cross_entropy_by_hand():
    chances = [1 / (1 + math.exp(-logit)) for logit in LOGITS[:, 0].tolist()]
    terms = [
        -(target * math.log(chance) + (1 - target) * math.log(1 - chance))
        for chance, target in zip(chances, TARGETS[:, 0].tolist(), strict=True)
    ]
    assert binary_cross_entropy(LOGITS, TARGETS, "mean").item() == pytest.approx(
        sum(terms) / 4, rel=1e-6
    )


def test_focal_loss_by_hand_on_hard_labels():
    """-alpha_t (1 - p_t)^gamma log(p_t), as in the paper."""
    chances = [1 / (1 + math.exp(2.0)), 1 / (1 + math.exp(-0.3))]
    negative = -0.75 * chances[0] ** 2 * math.log(1 - chances[0])
    positive = -0.25 * (1 - chances[1]) ** 2 * math.log(chances[1])
    value = binary_focal(LOGITS[:2], TARGETS[:2], 2.0, 0.25, "mean").item()
    assert value == pytest.approx((negative + positive) / 2, rel=1e-5)


def test_focal_loss_without_focus_is_half_the_cross_entropy():
    assert binary_focal(LOGITS, TARGETS, 0.0, 0.5, "mean").item() == pytest.approx(
        0.5 * binary_cross_entropy(LOGITS, TARGETS, "mean").item(), rel=1e-6
    )


def test_focus_discounts_what_is_right_already():
    right, wrong = torch.tensor([[3.0]]), torch.tensor([[-3.0]])
    target = torch.tensor([[1.0]])
    kept = [
        binary_focal(logit, target, 2.0, 0.5, "mean").item()
        / binary_focal(logit, target, 0.0, 0.5, "mean").item()
        for logit in (right, wrong)
    ]
    assert kept[0] < 0.01 < 0.9 < kept[1]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_gradients_are_finite_for_sure_and_right_logits(gamma):
    logits = torch.tensor([[40.0], [-40.0]], requires_grad=True)
    binary_focal(logits, torch.tensor([[1.0], [0.0]]), gamma, 0.25, "mean").backward()
    assert torch.isfinite(logits.grad).all()


def test_label_smoothing_moves_both_labels_and_keeps_the_middle():
    assert DETECTION.smooth(torch.tensor([[0.0], [0.5], [1.0]]), 0.05)[
        :, 0
    ].tolist() == pytest.approx([0.025, 0.5, 0.975])
    assert DETECTION.smooth(torch.tensor([[0.0], [1.0]]), 0.0)[:, 0].tolist() == [0, 1]


def test_label_smoothing_of_several_classes_is_spread_over_all():
    smoothed = smooth(torch.tensor([[0.0, 1.0, 0.0, 0.0]]), 0.2, 4)
    assert smoothed[0].tolist() == pytest.approx([0.05, 0.85, 0.05, 0.05])


def test_focal_loss_replaces_cross_entropy_where_it_is_asked_for():
    assert DETECTION.loss(LOGITS, TARGETS, None) == binary_cross_entropy(LOGITS, TARGETS, "mean")
    assert DETECTION.loss(LOGITS, TARGETS, Focal(1.5, 0.25)) == binary_focal(
        LOGITS, TARGETS, 1.5, 0.25, "mean"
    )


THREE = Classification(("a", "b", "c"))
MANY = torch.tensor([[0.2, -1.0, 3.0], [1.0, 1.5, -2.0]])
MIXED = torch.tensor([[0.0, 0.3, 0.7], [1.0, 0.0, 0.0]])


def _log_softmax(row):
    total = sum(math.exp(value) for value in row)
    return [math.log(math.exp(value) / total) for value in row]


@pytest.mark.parametrize("gamma", [0.0, 2.0])
def test_losses_of_several_classes_by_hand(gamma):
    by_hand = [
        -sum(
            target * (1 - math.exp(log)) ** gamma * log
            for target, log in zip(targets, _log_softmax(row), strict=True)
        )
        for row, targets in zip(MANY.tolist(), MIXED.tolist(), strict=True)
    ]
    focal = Focal(gamma, 0.25) if gamma else None
    assert THREE.loss(MANY, MIXED, focal, "none").tolist() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("focal", [None, Focal(2.0, 0.25)])
@pytest.mark.parametrize(
    ("task", "logits", "targets"),
    [(DETECTION, LOGITS, TARGETS), (THREE, MANY, MIXED), (Regression(0, 10), LOGITS, TARGETS)],
)
def test_the_loss_is_the_mean_of_the_losses_of_the_rows(task, logits, targets, focal):
    each = task.loss(logits, targets, focal, "none")
    assert each.shape == (len(logits),)
    assert task.loss(logits, targets, focal).item() == pytest.approx(each.mean().item(), rel=1e-6)
