"""Paired tests: equal to statsmodels and to slow definitions, and as often wrong as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as golden_mcnemar
from statsmodels.stats.multitest import multipletests

from chorus.errors import DataError
from chorus.metrics import auroc
from chorus.statistics import cohens_g, delong, holm, mcnemar, mcnemar_chi2

COUNTS = st.integers(0, 40)


def answers(b: int, c: int, both_right: int, both_wrong: int) -> tuple[np.ndarray, np.ndarray]:
    a_right = np.repeat([True, False, True, False], [b, c, both_right, both_wrong])
    b_right = np.repeat([False, True, True, False], [b, c, both_right, both_wrong])
    return a_right, b_right


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 40))
def test_mcnemar_is_that_of_statsmodels_exact_below_25_disagreements(b, c, both_right, both_wrong):
    ours = mcnemar(*answers(b, c, both_right, both_wrong))
    assert (ours.b, ours.c, ours.both_right, ours.both_wrong) == (b, c, both_right, both_wrong)
    exact = b + c < 25
    assert ours.method == ("exact" if exact else "chi-square")
    golden = golden_mcnemar([[both_right, b], [c, both_wrong]], exact=exact, correction=False)
    assert ours.statistic == pytest.approx(golden.statistic)
    assert ours.p == pytest.approx(golden.pvalue)


@given(COUNTS, COUNTS)
def test_mcnemar_does_not_care_which_classifier_comes_first(b, c):
    one, other = mcnemar(*answers(b, c, 3, 2)), mcnemar(*answers(c, b, 3, 2))
    assert (one.p, one.cohens_g) == (other.p, pytest.approx(other.cohens_g))


def test_chi_square_of_the_seed_documents_example():
    assert mcnemar_chi2(1, 5) == (pytest.approx(2.6667, abs=5e-5), pytest.approx(0.1025, abs=5e-5))


@given(st.integers(0, 99), st.integers(1, 99), st.booleans())
def test_chi_square_is_that_of_statsmodels_with_and_without_correction(b, c, correction):
    golden = golden_mcnemar([[0, b], [c, 0]], exact=False, correction=correction)
    # statsmodels corrects b = c past zero, to 1 / (b + c); there is no evidence at all then
    expected = 0 if b == c else golden.statistic
    assert mcnemar_chi2(b, c, correction)[0] == pytest.approx(expected)


def test_cohens_g_is_the_distance_of_the_share_from_one_half():
    assert cohens_g(1, 5) == pytest.approx(1 / 3)
    assert cohens_g(7, 7) == 0
    assert cohens_g(0, 4) == 0.5


def test_without_disagreement_nothing_differs_and_there_is_no_effect_size():
    same = mcnemar(*answers(0, 0, 4, 1))
    assert (same.p, same.cohens_g) == (1.0, None)
    for impossible in [(0, 0), (-1, 3)]:
        with pytest.raises(DataError, match="disagreements"):
            cohens_g(*impossible)


@pytest.mark.parametrize("wrong", [([True], [True, False]), ([1, 0], [1, 1]), ([], [])])
def test_mcnemar_refuses_what_is_not_two_lists_of_answers(wrong):
    with pytest.raises(DataError, match="McNemar needs"):
        mcnemar(*wrong)


def slow_delong(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Difference of the areas and its variance, from all pairs, as in the paper of 1988."""

    def psi(scores: np.ndarray) -> np.ndarray:
        x, y = scores[labels][:, None], scores[~labels][None, :]
        return (x > y) + 0.5 * (x == y)

    d = psi(a) - psi(b)
    m, n = d.shape
    return float(d.mean()), float(d.mean(axis=1).var(ddof=1) / m + d.mean(axis=0).var(ddof=1) / n)


@given(st.integers(0, 10_000))
def test_delong_is_the_u_statistic_over_all_pairs_ties_included(seed):
    rng = np.random.default_rng(seed)
    labels = np.array([True, True, False, False, *(rng.random(20) < 0.4)])
    a, b = rng.integers(0, 6, (2, 24)) / 5 + 0.2 * labels
    ours, (difference, variance) = delong(labels, a, b), slow_delong(labels, a, b)
    assert (ours.auc_a, ours.auc_b) == (
        pytest.approx(auroc(labels, a)),
        pytest.approx(auroc(labels, b)),
    )
    assert ours.difference == pytest.approx(difference)
    assert (ours.high - ours.low) / 2 == pytest.approx(1.959964 * variance**0.5, abs=1e-6)


def test_delong_of_yes_and_no_is_the_paired_difference_of_balanced_accuracy():
    rng = np.random.default_rng(3)
    labels = np.repeat([True, False], [40, 60])
    a, b = rng.random((2, 100)) < np.where(labels, 0.7, 0.3)
    in_positives, in_negatives = (a * 1.0 - b)[labels], (b * 1.0 - a)[~labels]
    ours = delong(labels, a, b)
    assert ours.difference == pytest.approx((in_positives.mean() + in_negatives.mean()) / 2)
    error = 0.5 * np.hypot(stats.sem(in_positives), stats.sem(in_negatives))
    assert ours.p == pytest.approx(2 * stats.norm.sf(abs(ours.difference) / error))


def test_delong_of_equal_rankings_finds_nothing_and_without_error_says_nothing():
    labels = np.array([True, True, False, False])
    same = delong(labels, [0.9, 0.2, 0.3, 0.1], [9, 2, 3, 1])
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    degenerate = delong(labels, [4, 3, 2, 1], [1, 1, 1, 1])
    assert degenerate.difference == 0.5
    assert np.isnan([degenerate.low, degenerate.high, degenerate.p]).all()


def test_delong_refuses_too_few_of_a_class_and_impossible_scores():
    with pytest.raises(DataError, match="two clips of each class"):
        delong([True, False, False], [1, 2, 3], [1, 2, 3])
    with pytest.raises(DataError, match="finite"):
        delong([True, True, False, False], [1, 2, 3, np.nan], [1, 2, 3, 4])
    with pytest.raises(DataError, match="one length"):
        delong([True, True, False, False], [1, 2, 3], [1, 2, 3, 4])


def test_mcnemar_and_delong_are_seldom_wrong_where_there_is_no_difference_and_clips_are_independent():
    rng = np.random.default_rng(11)
    labels = np.repeat([True, False], [60, 80])
    found = []
    for _ in range(600):
        common = rng.normal(labels * 1.0)
        a, b = common + rng.normal(0, 1, (2, 140))
        test = delong(labels, a, b)
        found.append(
            (mcnemar((a > 0.5) == labels, (b > 0.5) == labels).p < 0.05, test.low <= 0 <= test.high)
        )
    false_positives, covered = np.mean(found, axis=0)
    assert false_positives <= 0.07
    assert 0.92 <= covered <= 0.98


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_holm_refuses_what_is_no_p_value():
    for wrong in ([0.1, 1.2], [np.nan], [-0.1]):
        with pytest.raises(DataError, match="p-values"):
            holm(wrong)
