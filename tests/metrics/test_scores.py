"""Scores by bin, under another distribution, and with a predicted variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from chorus.errors import DataError
from chorus.metrics import scores as metrics
from chorus.metrics.regression import rmse

RANDOM = np.random.default_rng(1)
TRUTH = RANDOM.integers(0, 11, 400).astype(float)
SAID = TRUTH + RANDOM.normal(0.5, 2, 400)


def test_nine_and_a_half_is_among_the_tens():
    assert metrics.bins([0, 0.4, 8.5, 9.49, 9.5, 10]).tolist() == [0, 0, 9, 9, 10, 10]


def test_the_distribution_of_the_records_changes_nothing():
    places, counts = np.unique(TRUTH, return_counts=True)
    own = metrics.shares(dict(zip(places, counts, strict=True)))
    assert metrics.reweighted_rmse(TRUTH, SAID, own) == pytest.approx(rmse(TRUTH, SAID))


def test_a_uniform_distribution_is_a_set_with_as_many_of_each():
    errors = [((SAID - TRUTH)[place == TRUTH] ** 2).mean() for place in range(11)]
    uniform = dict.fromkeys(range(11), 1 / 11)
    assert metrics.reweighted_rmse(TRUTH, SAID, uniform) == pytest.approx(
        math.sqrt(np.mean(errors))
    )


def test_bins_without_records_are_left_out_and_none_at_all_is_an_error():
    assert metrics.reweighted_rmse([1.0, 9.0], [2.0, 9.0], {1: 0.2, 5: 0.8}) == 1.0
    with pytest.raises(DataError, match="no record has a score of the target"):
        metrics.reweighted_rmse([1.0], [2.0], {5: 1.0})


@pytest.mark.parametrize("target", [{1: -1}, {1: math.nan}, {1: 0.0}])
def test_what_is_no_distribution_is_refused(target):
    with pytest.raises(DataError):
        metrics.shares(target)


def test_groups_have_their_own_error_and_bias():
    found = metrics.rmse_by(["a", "b", "a"], [1, 2, 3], [2, 2, 5])
    assert found["a"] == {"rmse": pytest.approx(math.sqrt(2.5)), "bias": 1.5, "records": 2}
    assert found["b"]["rmse"] == 0


def test_coverage_and_likelihood_are_scipys():
    spread = np.full(400, 4.0)
    normal = stats.norm(SAID, 2)
    low, high = normal.interval(0.9)
    assert metrics.interval_coverage(TRUTH, SAID, spread, 0.9) == np.mean(
        (low <= TRUTH) & (high >= TRUTH)
    )
    assert metrics.gaussian_nll(TRUTH, SAID, spread) == pytest.approx(-normal.logpdf(TRUTH).mean())


def test_the_scale_of_the_variance_is_the_most_likely_one():
    spread = RANDOM.uniform(0.5, 2, 400)
    best = metrics.variance_scale(TRUTH, SAID, spread)
    at = {
        scale: metrics.gaussian_nll(TRUTH, SAID, spread * scale)
        for scale in (best * 0.98, best, best * 1.02)
    }
    assert min(at, key=at.get) == best
    with pytest.raises(DataError, match="variance above 0"):
        metrics.interval_coverage(TRUTH, SAID, spread * 0, 0.9)
