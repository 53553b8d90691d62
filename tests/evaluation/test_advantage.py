"""A detector beside another method: the difference is paired, night by night."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.metrics import average_precision_score

from chorus.evaluation.advantage import advantage
from chorus.evaluation.bootstrap import draw_nights

RANDOM = np.random.default_rng(3)
LABELS = np.arange(90) % 3 == 0
SCORES = RANDOM.normal(LABELS * 1.5)
OTHERS = RANDOM.normal(LABELS * 1.0)
NIGHTS = np.array([f"night {number}" for number in RANDOM.integers(9, size=90)])


def _advantage(scores, others, resamples=200):
    return advantage(LABELS, scores, others, NIGHTS, resamples=resamples, seed=5, level=0.9)


def test_it_is_the_difference_of_scikit_learns_average_precisions_over_the_same_redrawn_nights():
    names = sorted(set(NIGHTS))
    differences = []
    for times in draw_nights(len(names), 200, seed=5):
        rows = np.concatenate(
            [np.flatnonzero(names[k] == NIGHTS) for k in range(len(names)) for _ in range(times[k])]
        )
        ours, other = (
            average_precision_score(LABELS[rows], given[rows]) for given in (SCORES, OTHERS)
        )
        differences.append(ours - other)
    found = _advantage(SCORES, OTHERS)
    expected = average_precision_score(LABELS, SCORES) - average_precision_score(LABELS, OTHERS)
    assert found["auprc"] == pytest.approx(expected)
    tail = norm.cdf(np.sqrt(9 / 8) * t.ppf(0.05, 8))  # both classes are heard in all nine nights
    assert [found["low"], found["high"]] == pytest.approx(
        np.quantile(differences, [tail, 1 - tail])
    )
    assert (found["nights"], found["reliable"]) == (9, False)


def test_two_equal_methods_differ_by_nothing_and_turning_them_round_turns_the_sign():
    same = _advantage(SCORES, SCORES)
    assert (same["auprc"], same["low"], same["high"]) == (0, 0, 0)
    one, other = _advantage(SCORES, OTHERS), _advantage(OTHERS, SCORES)
    assert [one["auprc"], one["low"], one["high"]] == pytest.approx(
        [-other["auprc"], -other["high"], -other["low"]]
    )


def test_two_nights_of_a_class_each_are_enough_to_say_something():
    """Redrawn nights that lack a class are left out."""
    nights = np.where(LABELS, "a", "b")
    found = advantage(LABELS, SCORES, OTHERS, nights, resamples=100, seed=1, level=0.9)
    assert found["low"] == found["high"] == pytest.approx(found["auprc"])


def test_more_resamples_take_no_more_memory():
    """All draws at once would be 8 bytes a resample and night."""
    nights = np.arange(4000).astype(str)
    labels, scores, others = RANDOM.random(4000) < 0.3, RANDOM.random(4000), RANDOM.random(4000)
    peaks = []
    for resamples in (250, 1000):
        tracemalloc.start()
        advantage(labels, scores, others, nights, resamples=resamples, seed=1, level=0.9)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0]
