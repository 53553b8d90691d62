"""From test clips to nights: against statsmodels, scipy, and simulated nights whose clips err together."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from chorus.errors import DataError, ParameterError
from chorus.season import (
    chance_missed,
    clustered_rate,
    counts_at,
    expected_count,
    independent_rate,
    intra_night_correlation,
    night_range,
    precision_in_field,
)

HITS, CLIPS = np.array([0, 3, 9, 1, 0, 14, 2, 6]), np.array([40, 50, 60, 30, 45, 55, 38, 70])


def test_the_interval_is_that_of_a_binomial_model_with_errors_clustered_by_night():
    found = clustered_rate(HITS, CLIPS)
    model = sm.GLM(
        np.column_stack([HITS, CLIPS - HITS]),
        np.ones((len(HITS), 1)),
        family=sm.families.Binomial(),
    )
    golden = model.fit(cov_type="HC0")  # one row a night: robust errors are clustered ones
    error = golden.bse[0] * np.sqrt(8 / 7)
    reach = stats.t.ppf(0.975, 7) * error
    low, high = (1 / (1 + np.exp(-(golden.params[0] + side * reach))) for side in (-1, 1))
    assert (found.rate, found.low, found.high) == (
        pytest.approx(35 / 388),
        pytest.approx(low),
        pytest.approx(high),
    )
    assert found.nights == 8 and found.design_effect > 2


def test_nights_without_spread_are_never_surer_than_independent_clips():
    found = clustered_rate([5, 5, 5, 5], [50, 50, 50, 50])
    assert found.design_effect == 1
    assert found.low < 0.1 < found.high


def test_without_a_hit_the_interval_is_that_of_nights():
    none, every = clustered_rate([0] * 10, [100] * 10), clustered_rate([100] * 10, [100] * 10)
    assert (none.rate, none.low) == (0, 0)
    assert none.high == pytest.approx(proportion_confint(0, 10, method="beta")[1])
    assert (every.low, every.high) == (pytest.approx(1 - none.high), 1)


def test_independent_clips_have_the_exact_interval():
    found = independent_rate(17, 200)
    assert (found.low, found.high) == pytest.approx(proportion_confint(17, 200, method="beta"))
    assert independent_rate(0, 50).low == 0 and independent_rate(50, 50).high == 1


def test_correlation_is_that_of_a_one_way_analysis_of_variance():
    clips = [
        (night, float(i < hits))
        for night, (hits, n) in enumerate(zip(HITS, CLIPS, strict=True))
        for i in range(n)
    ]
    nights, hit = (np.array(column) for column in zip(*clips, strict=True))
    groups = [hit[nights == night] for night in range(8)]
    f = stats.f_oneway(*groups).statistic
    size = (len(hit) - sum(len(group) ** 2 for group in groups) / len(hit)) / 7
    assert intra_night_correlation(HITS, CLIPS) == pytest.approx((f - 1) / (f - 1 + size))
    assert intra_night_correlation([5, 5], [10, 10]) == 0
    assert intra_night_correlation([10, 0], [10, 10]) == 1


def simulated(
    rng: np.random.Generator, rate: float, correlation: float, nights: int
) -> tuple[np.ndarray, np.ndarray]:
    size = 1 / correlation - 1
    clips = rng.integers(20, 120, nights)
    return rng.binomial(clips, rng.beta(rate * size, (1 - rate) * size, nights)), clips


@pytest.mark.parametrize(("rate", "correlation"), [(0.1, 0.05), (0.3, 0.2), (0.05, 0.02)])
def test_expected_counts_of_other_nights_are_covered(rate, correlation):
    rng = np.random.default_rng(11)
    held, as_independent = [], []
    for _ in range(500):
        hits, clips = simulated(rng, rate, correlation, 30)
        expected = expected_count(clustered_rate(hits, clips), 8000)
        held.append(expected.low <= 8000 * rate <= expected.high)
        naive = expected_count(independent_rate(float(hits.sum()), int(clips.sum())), 8000)
        as_independent.append(naive.low <= 8000 * rate <= naive.high)
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(as_independent) < 0.9  # to count clips would be far too sure


def test_the_chance_to_miss_all_calls_is_what_simulated_nights_show():
    rng = np.random.default_rng(12)
    size = 1 / 0.3 - 1
    of_night = rng.beta(0.6 * size, 0.4 * size, 200_000)
    assert chance_missed(0.6, 5, 0.3) == pytest.approx(np.mean((1 - of_night) ** 5), abs=0.003)
    assert chance_missed(0.6, 5, 0.3) == pytest.approx(
        stats.betabinom(5, 0.6 * size, 0.4 * size).pmf(0)
    )
    assert chance_missed(0.6, 5) == pytest.approx(0.4**5)


@given(st.floats(0.05, 0.95), st.integers(1, 60), st.floats(0.001, 0.9))
def test_calls_that_are_alike_help_less_but_never_harm(recall, calls, correlation):
    missed = chance_missed(recall, calls, correlation)
    assert (1 - recall) ** calls - 1e-9 <= missed <= 1 - recall + 1e-9
    assert chance_missed(recall, calls + 1, correlation) <= missed + 1e-12


def test_single_nights_scatter_more_than_their_expectation():
    low, high = night_range(0.1, 200, 0.1)
    golden = stats.betabinom(200, 0.1 * 9, 0.9 * 9)
    assert (low, high) == (golden.ppf(0.025), golden.ppf(0.975))
    assert night_range(0.1, 200, 0) == (
        stats.binom(200, 0.1).ppf(0.025),
        stats.binom(200, 0.1).ppf(0.975),
    )
    assert night_range(0, 200, 0.1) == (0, 0)
    assert night_range(1, 200, 0.1) == (200, 200)


def test_counts_behind_precision_and_recall():
    counts = counts_at(0.8, 0.5, 100, 400)
    assert (counts.true_positives, counts.false_positives) == (50, pytest.approx(12.5))
    assert counts.false_positive_rate == pytest.approx(12.5 / 400)
    # Ten times as many negatives make ten times as many false positives, and another precision.
    assert precision_in_field(
        counts.recall, counts.false_positive_rate, 100, 4000
    ) == pytest.approx(50 / 175)
    assert precision_in_field(0.5, counts.false_positive_rate, 100, 400) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: counts_at(0.0, 0.5, 10, 10), "precision: 0"),
        (lambda: counts_at(1.2, 0.5, 10, 10), "precision: 1.2"),
        (lambda: counts_at(0.1, 1.0, 100, 10), "would need 900 false positives"),
        (lambda: clustered_rate([1], [2]), "two nights"),
        (lambda: clustered_rate([3, 0], [2, 2]), "no more hits than clips"),
        (lambda: clustered_rate([1, 2], [2]), "one length"),
        (lambda: independent_rate(3, 2), "no more hits"),
        (lambda: chance_missed(0.5, -1), "calls: -1"),
        (lambda: chance_missed(0.5, 3, 1.0), "correlation: 1.0"),
        (lambda: expected_count(clustered_rate(HITS, CLIPS), -1), "clips: -1"),
        (lambda: intra_night_correlation([1, 0], [1, 1]), "a night with two clips"),
    ],
)
def test_impossible_figures_are_refused(call, message):
    with pytest.raises((DataError, ParameterError), match=message):
        call()
