"""Rare scores: weights, label and feature distribution smoothing, and the learning rate on a plateau."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve1d

from chorus.metrics.scores import bins
from chorus.training.imbalance import (
    FeatureSmoothing,
    inverse_weights,
    kernel,
    lds_weights,
    target_weights,
)
from chorus.training.plateau import Plateau

SCORES = np.repeat([0.0, 3.0, 9.0, 9.5, 10.0], [2, 8, 128, 1, 31])
PLACES = bins(SCORES)


def test_the_root_of_the_inverse_with_floor_cap_and_boost():
    weights = inverse_weights(PLACES, floor=1.5, cap=6.0, boost={9: 2.0})
    raw = np.array(
        [6.0] * 2 + [4.0] * 8 + [3.0] * 128 + [2.0] * 32
    )  # 9.5 is among the tens: 32, so (128/32)^0.5
    assert weights == pytest.approx(raw / raw.mean())


def test_label_smoothing_is_that_of_the_papers_code():
    counts = np.bincount(np.floor(SCORES + 0.5).astype(int), minlength=11)
    smooth = convolve1d(np.sqrt(counts), weights=kernel(), mode="constant")
    expected = 1 / smooth[np.floor(SCORES + 0.5).astype(int)]
    assert lds_weights(PLACES, 10) == pytest.approx(expected / expected.mean())
    assert (
        kernel()[2] == 1
        and kernel().tolist() == kernel()[::-1].tolist()
        and (np.diff(kernel()[:3]) > 0).all()
    )


def test_target_weights_make_the_target_of_the_training_set():
    weights = target_weights(PLACES, {0: 0.25, 3: 0.25, 9: 0.25, 10: 0.25}, cap=1e9)
    shares = [weights[np.floor(SCORES + 0.5) == place].sum() for place in (0, 3, 9, 10)]
    assert shares == pytest.approx([len(SCORES) / 4] * 4)
    assert (
        target_weights(PLACES, {0: 1.0, 9: 1.0}, cap=2.0).max()
        <= 2 * np.unique(target_weights(PLACES, {0: 1.0, 9: 1.0}, cap=2.0))[1]
    )


def test_features_get_the_smoothed_statistics_of_their_bins():
    random = np.random.default_rng(1)
    features = torch.from_numpy(random.normal(2, 3, size=(60, 4)).astype(np.float32))
    places = torch.from_numpy(np.repeat([1, 2, 9], 20))
    smoothing = FeatureSmoothing(4, 10)
    assert torch.equal(smoothing(features, places), features)  # nothing is known in the first epoch
    smoothing.end_epoch(features, places)
    weights = kernel()
    mean, variance = ({p: f(features[places == p].numpy()) for p in (1, 2, 9)} for f in (
        lambda rows: rows.mean(axis=0), lambda rows: rows.var(axis=0, ddof=1)
    ))  # fmt: skip
    near = {1: (1, 2), 2: (2, 1), 9: (9,)}
    moved = smoothing(features, places).numpy()
    for place, others in near.items():
        share = np.array([weights[2 + abs(other - place)] for other in others])
        wanted_mean = sum(w * mean[o] for w, o in zip(share, others, strict=True)) / share.sum()
        wanted_variance = (
            sum(w * variance[o] for w, o in zip(share, others, strict=True)) / share.sum()
        )
        own = moved[places.numpy() == place]
        assert own.mean(axis=0) == pytest.approx(wanted_mean, rel=1e-4)
        assert own.var(axis=0, ddof=1) == pytest.approx(wanted_variance, rel=1e-3)


def test_the_learning_rate_is_that_of_torchs_plateau():
    values = [5, 4, 4, 4, 4, 3.9999, 3.5, 3.6, 3.6, 3.6, 3.6, 3.6, 3.6, 3.6, 3.6, 3.6]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=2, min_lr=0.03
    )
    ours = Plateau(0.1, 2, 0.03)
    for value in values:
        theirs.step(value)
        ours.step(value)
        assert ours.rate == pytest.approx(optimizer.param_groups[0]["lr"])
