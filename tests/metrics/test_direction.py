"""Which way a metric is better, and that tables of runs go by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from chorus.experiments.grid_tables import rank
from chorus.experiments.winner import leave_one_out
from chorus.metrics.direction import lower_is_better
from chorus.statistics import judge_best


@pytest.mark.parametrize(
    ("metric", "lower"),
    [
        ("folds.rmse_uniform", True),
        ("validation_loss", True),
        ("ood.brier", True),
        ("val/loss", True),
        ("test-rmse", True),
        ("by.site.pond.false_positive_rate", True),
        ("ood.f1", False),
        ("folds.r2_target", False),
        ("folds.gain_on_lightgbm", False),
        ("glossy", False),
    ],
)
def test_a_metric_says_by_its_name_which_way_is_better(metric, lower):
    assert lower_is_better(metric) is lower


def _runs(metric: str) -> pd.DataFrame:
    values = np.array([[0.3, 0.31, 0.29], [0.5, 0.52, 0.51], [0.9, 0.88, 0.89]])
    return pd.DataFrame(
        {
            "model": np.repeat(["a", "b", "c"], 3),
            "seed": np.tile([1, 2, 3], 3),
            metric: values.ravel(),
        }
    )


def test_the_best_configuration_is_the_lowest_of_an_error_and_the_highest_of_a_score():
    error = judge_best(
        _runs("test.rmse"), "test.rmse", factors=["model"], lowest_is_best=True, shuffles=200
    )
    assert (error.levels, error.mean) == (("a",), pytest.approx(0.3))
    assert error.per_seed == pytest.approx((0.3, 0.31, 0.29))
    assert error.shuffled > error.mean, "luck does worse than the best"
    score = judge_best(_runs("test.f1"), "test.f1", factors=["model"], shuffles=200)
    assert (score.levels, score.mean) == (("c",), pytest.approx(0.89))
    assert score.shuffled < score.mean


def test_a_leaderboard_has_the_lowest_error_on_top():
    board = pd.DataFrame({"signature": ["x", "y", "z"], "test.rmse__mean": [2.0, 1.0, 3.0]})
    assert rank(board, "test.rmse")["signature"].tolist() == ["y", "x", "z"]
    scores = board.rename(columns={"test.rmse__mean": "test.f1__mean"})
    assert rank(scores, "test.f1")["signature"].tolist() == ["z", "x", "y"]


def test_leaving_a_site_out_chooses_the_lowest_error_elsewhere():
    runs = pd.DataFrame(
        {
            "site": ["north", "north", "south", "south"],
            "model": ["a", "b", "a", "b"],
            "rmse": [1.0, 2.0, 4.0, 3.0],
        }
    )
    found = leave_one_out(runs, ["site", "model"], "site", "rmse")
    assert found.judged == {"north": 2.0, "south": 4.0}
