"""Thresholds: exact where they can be known, and "below" or "above" where nothing was tried."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from chorus.errors import DataError
from chorus.statistics.psychometric import (
    ABOVE,
    BELOW,
    Logistic,
    Threshold,
    band,
    fit_logistic,
    fitted_curves,
    interpolated,
    monotone,
    thresholds,
    thresholds_of_curves,
)

SHARES = st.lists(st.integers(0, 20).map(lambda k: k / 20), min_size=2, max_size=9)


@given(SHARES)
def test_accuracies_that_fall_are_pooled_as_by_isotonic_regression(shares):
    golden = IsotonicRegression().fit_transform(np.arange(len(shares)), shares)
    assert monotone(shares) == pytest.approx(golden)


@given(SHARES, st.integers(0, 20).map(lambda k: k / 20))
def test_the_threshold_is_the_lowest_level_where_the_monotone_line_reaches_the_target(
    shares, target
):
    levels = np.arange(len(shares), dtype=float)
    found = interpolated(levels, shares, target)
    line = monotone(shares)
    if found == BELOW:
        assert line[0] > target
    elif found == ABOVE:
        assert line[-1] < target
    else:
        assert np.interp(found, levels, line) == pytest.approx(target)
        assert found == 0 or np.interp(found - 1e-3, levels, line) < target + 1e-12


def test_a_logistic_is_found_again_from_many_answers():
    levels = np.log10([20, 40, 60, 80, 100, 200, 500, 1000])
    true = Logistic(0.5, 0.03, 6.0, np.log10(70))
    trials = np.full(8, 100_000)
    found = fit_logistic(levels, true.accuracy(levels) * trials, trials)
    assert found.middle == pytest.approx(true.middle, abs=0.01)
    assert found.slope == pytest.approx(true.slope, rel=0.03)
    assert found.level(0.75) == pytest.approx(true.level(0.75), abs=0.005)
    assert found.level(0.5) == BELOW and found.level(0.99) == ABOVE


def counts(skill: np.ndarray, clusters: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = np.zeros((clusters, 2, len(skill)))
    rows[np.arange(clusters), np.arange(clusters) % 2] = 1
    return rows, rows * (rng.random(rows.shape) < skill)


@pytest.mark.parametrize("by_logistic", [False, True])
def test_the_intervals_over_clips_hold_the_truth(by_logistic):
    levels = np.arange(6.0)
    true = Logistic(0.5, 0.0, 2.0, 2.5)
    held = 0
    for seed in range(10):
        rows, right = counts(true.accuracy(levels), 120, seed)
        if by_logistic:
            curves = fitted_curves(levels, rows, right, resamples=40, seed=seed)
            (found,) = thresholds_of_curves(curves, levels, 0.75)
        else:
            (found,) = thresholds(levels, rows, right, 0.75, resamples=200, seed=seed)
        held += found.low <= true.level(0.75) <= found.high
    assert held >= 8


def test_the_band_lies_around_the_fitted_curve_and_between_the_levels_too():
    levels = np.arange(6.0)
    rows, right = counts(Logistic(0.5, 0.0, 2.0, 2.5).accuracy(levels), 120, 1)
    curves = fitted_curves(levels, rows, right, resamples=30, seed=1)
    between = np.linspace(0, 5, 21)
    fitted, low, high = band(curves, between)
    assert len(curves) == 31 and fitted == pytest.approx(curves[0].accuracy(between))
    assert (low <= fitted + 1e-9).all() and (fitted <= high + 1e-9).all()
    assert (np.diff(fitted) >= 0).all() and (high - low)[10] > 0.01


def test_a_threshold_that_no_level_reaches_is_above_the_range_and_no_number():
    rows, _ = counts(np.full(3, 0.5), 40, 1)
    (found,) = thresholds([1.0, 2.0, 3.0], rows, rows * 0.5, 0.75, resamples=20, seed=1)
    assert found == Threshold(0.75, ABOVE, ABOVE, ABOVE)
    assert found.in_words("ms", 20, 1000) == "above 1000 ms (above 1000 to above 1000)"
    (found,) = thresholds([1.0, 2.0, 3.0], rows, rows, 0.75, resamples=20, seed=1)
    assert found.in_words("ms", 20, 1000) == "below 20 ms (below 20 to below 20)"


def test_levels_that_do_not_rise_are_refused():
    with pytest.raises(DataError, match="rising"):
        interpolated([1, 1], [0.5, 0.6], 0.55)
