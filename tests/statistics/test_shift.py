"""RMSE under another distribution of scores: what is foreseen is what comes."""

from __future__ import annotations

import numpy as np
import pytest

from chorus.errors import DataError
from chorus.metrics.scores import reweighted_rmse, shares
from chorus.statistics.shift import (
    difference_under,
    disagreement,
    expected_rmse,
    forecast,
    rmse_under,
)

UNIFORM = dict.fromkeys(range(11), 1 / 11)
SKEWED = [13, 6, 5, 7, 3, 1, 45, 95, 259, 1500, 700]


def drawn(counts, random):
    """Scores with predictions that are drawn towards 9 and spread more for low scores; texts of about three records."""
    truth = np.repeat(np.arange(11.0), counts)
    said = np.clip(4 + 0.5 * truth + random.normal(0, 2.2 - 0.1 * truth), 0, 10)
    return truth, said, random.integers(0, max(1, len(truth) // 3), len(truth))


def test_with_many_records_of_each_score_it_is_the_reweighted_rmse():
    truth, said, texts = drawn([400] * 11, np.random.default_rng(1))
    found = rmse_under(UNIFORM, truth, said, texts)
    assert found.value == pytest.approx(reweighted_rmse(truth, said, UNIFORM), rel=2e-3)
    assert found.low < found.value < found.high


def test_the_figure_of_an_epoch_is_the_one_that_is_reported():
    truth, said, texts = drawn(SKEWED, np.random.default_rng(1))
    reported = rmse_under(UNIFORM, truth, said, texts, resamples=100).value
    assert expected_rmse(UNIFORM, truth, said) == pytest.approx(reported)
    high = truth >= 8  # bins without a record near them are left out
    assert expected_rmse(UNIFORM, truth[high], said[high]) == pytest.approx(
        expected_rmse(dict.fromkeys(range(6, 11), 0.2), truth[high], said[high])
    )
    with pytest.raises(DataError, match="no record has a score near"):
        expected_rmse({0: 1.0}, truth[high], said[high])


def test_forecasts_contain_what_comes_in_nine_of_ten_redraws_and_are_not_wide():
    """Skewed records as they are, the flat set as it will be: 200 redraws."""
    inside, widths = 0, []
    for number in range(200):
        random = np.random.default_rng(number)
        truth, said, texts = drawn(SKEWED, random)
        later_truth, later_said, _ = drawn([250] * 11, random)
        found = forecast(UNIFORM, truth, said, texts, size=2750, resamples=300, seed=number)
        inside += found.low <= np.sqrt(np.mean((later_said - later_truth) ** 2)) <= found.high
        widths.append((found.high - found.low) / found.value)
    assert inside >= 180
    assert np.mean(widths) < 0.5


def test_a_mean_of_models_is_better_by_what_they_disagree_on():
    random = np.random.default_rng(1)
    truth = np.repeat(np.arange(11.0), 60)
    members = truth + random.normal(0, 2, size=(5, len(truth)))
    each = np.mean((members - truth) ** 2)
    together = np.mean((members.mean(axis=0) - truth) ** 2)
    assert each - disagreement(members) == pytest.approx(together)


def test_a_difference_is_of_the_same_resamples():
    truth, said, texts = drawn([100] * 11, np.random.default_rng(1))
    same = difference_under(UNIFORM, truth, (said, said), texts)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    worse = difference_under(UNIFORM, truth, (said + 1, said), texts)
    assert worse.low > 0


def test_a_score_that_is_said_never_to_occur_needs_no_records():
    truth, said = np.array([8.0, 9.0, 10.0]), np.array([8.5, 9.0, 9.0])
    units = np.arange(3)
    named = rmse_under(shares({0: 0, 9: 50, 10: 50}), truth, said, units, resamples=50)
    assert named == rmse_under(shares({9: 50, 10: 50}), truth, said, units, resamples=50)


def test_of_scores_far_from_all_others_nothing_is_said():
    with pytest.raises(DataError, match="no record has a score within two of 3"):
        rmse_under({3: 0.5, 9: 0.5}, [9.0, 10.0], [9.0, 9.0], ["a", "b"])
