"""Summaries over seeds, and what a number of seeds can find."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

from chorus.errors import ChorusError, DataError
from chorus.statistics import (
    format_summaries,
    minimal_detectable_difference,
    seed_summary,
    sign_flip,
    smallest_sign_flip_p,
)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_the_interval_is_that_of_statsmodels(values):
    ours, golden = seed_summary(values), DescrStatsW(values)
    assert (ours.n, ours.min, ours.max) == (len(values), min(values), max(values))
    assert ours.mean == pytest.approx(golden.mean)
    assert ours.sd == pytest.approx(np.std(values, ddof=1))
    assert (ours.ci_low, ours.ci_high) == pytest.approx(golden.tconfint_mean(0.05), abs=1e-12)


def test_the_interval_covers_the_mean_of_all_seeds_as_often_as_it_says():
    rng = np.random.default_rng(5)
    summaries = [seed_summary(values) for values in rng.normal(0.8, 0.05, (1000, 3))]
    assert (
        0.92 <= np.mean([summary.ci_low <= 0.8 <= summary.ci_high for summary in summaries]) <= 0.98
    )


def test_one_seed_has_no_spread():
    one = seed_summary([0.7])
    assert (one.n, one.mean, one.min, one.max) == (1, 0.7, 0.7, 0.7)
    assert np.isnan([one.sd, one.ci_low, one.ci_high]).all()
    assert "SD" not in format_summaries({"F1": one})


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [[0.5, 0.6]]])
def test_no_values_or_impossible_ones_are_refused(values):
    with pytest.raises(DataError, match="summary over seeds"):
        seed_summary(values)


def test_the_text_has_the_format_of_the_seed_document():
    accuracy, speech = (
        seed_summary([29 / 32] * 3 + [30 / 32] * 2),
        seed_summary([13 / 16] * 3 + [14 / 16] * 2),
    )
    assert format_summaries({"Overall Accuracy": accuracy, "SPEECH Accuracy": speech}) == (
        "MULTI-SEED RESULTS SUMMARY\n"
        "================================================================================\n"
        "\n"
        "Number of runs: 5\n"
        "\n"
        "Overall Accuracy:\n"
        "  Mean: 91.9%\n"
        "  SD: 1.7%\n"
        "  95% CI: [89.7%, 94.0%]\n"
        "  Range: [90.6%, 93.8%]\n"
        "\n"
        "SPEECH Accuracy:\n"
        "  Mean: 83.8%\n"
        "  SD: 3.4%\n"
        "  95% CI: [79.5%, 88.0%]\n"
        "  Range: [81.2%, 87.5%]\n"
    )


def test_summaries_of_different_numbers_of_runs_are_not_shown_together():
    with pytest.raises(DataError, match="one number of runs"):
        format_summaries({"F1": seed_summary([1, 2]), "recall": seed_summary([1, 2, 3])})


@pytest.mark.parametrize("seeds", [3, 5, 20])  # with 2 the solver of statsmodels gives up
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_detectable_difference_is_that_of_statsmodels(seeds, power):
    golden = TTestPower().solve_power(nobs=seeds, power=power, alpha=0.05)
    assert minimal_detectable_difference(0.1, seeds, power=power) == pytest.approx(
        0.1 * float(golden), rel=1e-4
    )


@pytest.mark.parametrize("seeds", [2, 3])
def test_the_detectable_difference_is_found_in_four_of_five_cases(seeds):
    true = minimal_detectable_difference(0.05, seeds)
    runs = np.random.default_rng(2).normal(true, 0.05, (4000, seeds))
    found = stats.ttest_1samp(runs, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.02)


@pytest.mark.parametrize(
    "wrong", [{"sd": -1}, {"seeds": 1}, {"power": 0.01}, {"alpha": 0}, {"sd": float("inf")}]
)
def test_impossible_questions_are_refused(wrong):
    with pytest.raises(ChorusError, match="not allowed"):
        minimal_detectable_difference(**({"sd": 1.0, "seeds": 3} | wrong))


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
def test_no_differences_of_one_sign_give_a_smaller_sign_flip_p_than_the_smallest(values):
    assert sign_flip(values) == smallest_sign_flip_p(len(values)) == min(1, 2 ** (1 - len(values)))
