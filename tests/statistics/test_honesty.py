"""Coverage and false positives: exact where all choices can be tried, nominal where the world is normal."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from chorus.errors import DataError, ParameterError
from chorus.statistics.honesty import false_positives, interval_coverage
from chorus.statistics.ranking import best_again


def test_coverage_is_that_of_every_choice_of_seeds():
    values = np.random.default_rng(2).normal(0.8, 0.05, (4, 6))
    found = interval_coverage(values, 3)
    held, shrunk = [], []
    for row in values:
        for which in combinations(row, 3):
            low, high = stats.t.interval(0.95, 2, np.mean(which), stats.sem(which))
            held.append(low <= row.mean() <= high)
            half = (high - low) / 2 * np.sqrt(1 - 3 / 6)
            shrunk.append(abs(np.mean(which) - row.mean()) <= half)
    assert (found.covered, found.as_sampled) == (
        pytest.approx(np.mean(held)),
        pytest.approx(np.mean(shrunk)),
    )
    assert (found.draws, found.by_configuration.n) == (20, 4)


def test_normal_runs_are_covered_as_promised():
    values = np.random.default_rng(3).normal(0.8, 0.05, (60, 10))
    found = interval_coverage(values, 3)
    assert 0.94 <= found.as_sampled <= 0.96
    assert found.covered > found.as_sampled


def test_many_choices_are_drawn_at_random_and_alike_every_time():
    values = np.random.default_rng(4).normal(size=(2, 30))
    first, again = (interval_coverage(values, 10) for _ in range(2))
    assert first == again
    assert first.draws == 5000


def test_dealt_runs_show_the_false_positives_that_they_should():
    rng = np.random.default_rng(5)
    values = (
        rng.normal(0.8, 0.05, (8, 6)) + rng.normal(0, 0.1, (1, 6)) + np.arange(8)[:, None]
    )  # large true effects
    contrasts = [[(i, i + 4) for i in range(4)], [(0, 1), (2, 3), (4, 5), (6, 7)]]
    found = false_positives(values, contrasts, times=1500)
    assert 0.035 <= found.single <= 0.065
    assert found.family <= 0.065 and found.holds <= found.family
    few = false_positives(values, contrasts, times=500, drawn=3)
    assert few.seeds == 3 and 0.03 <= few.single <= 0.075


@pytest.mark.parametrize("drawn", [1, 4, 9])
def test_seeds_that_are_not_there_cannot_be_drawn(drawn):
    with pytest.raises(ParameterError, match=f"drawn: {drawn}"):
        interval_coverage(np.zeros((2, 4)), drawn)


def test_no_contrasts_are_refused():
    with pytest.raises(ParameterError, match="contrasts: 0"):
        false_positives(np.zeros((2, 4)), [])


def test_a_best_that_stands_far_out_comes_first_again():
    rng = np.random.default_rng(6)
    groups = rng.normal(0.5, 0.01, (6, 3))
    groups[2] += 0.3
    found = best_again(groups)
    assert found.as_seen == found.shrunk == 1.0
    assert found.winners == 1 and found.reliability > 0.99


def test_equal_configurations_win_by_luck_and_look_better_than_that():
    rng = np.random.default_rng(7)
    found = [best_again(rng.normal(0.5, 0.05, (10, 3)), resamples=400, seed=i) for i in range(60)]
    shrunk, as_seen = (
        np.mean([getattr(one, name) for one in found]) for name in ("shrunk", "as_seen")
    )
    assert 0.10 <= shrunk <= 0.25  # 1 of 10 where the spread between them is estimated as none
    assert as_seen > shrunk + 0.1


def test_how_often_the_best_wins_again_is_estimated_without_large_bias():
    """Worlds whose truth is known: how often the winner of one experiment wins the next, against the estimates."""
    rng = np.random.default_rng(8)
    really, shrunk, as_seen = [], [], []
    for world in range(250):
        truth = rng.normal(0, 0.03, 8)
        seen, again = (truth[:, None] + rng.normal(0, 0.04, (8, 3)) for _ in range(2))
        really.append(np.argmax(seen.mean(axis=1)) == np.argmax(again.mean(axis=1)))
        found = best_again(seen, resamples=200, seed=world)
        shrunk.append(found.shrunk)
        as_seen.append(found.as_seen)
    assert np.mean(shrunk) == pytest.approx(np.mean(really), abs=0.08)
    assert np.mean(as_seen) > np.mean(really) + 0.05


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0]]])
def test_what_cannot_be_run_again_is_refused(groups):
    with pytest.raises(DataError, match="needs two configurations"):
        best_again(groups)
