"""How much of being first is luck."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from chorus.errors import ChorusError
from chorus.statistics import judge_best


def runs_of(values: np.ndarray) -> pd.DataFrame:
    """(configurations, seeds) as a table of runs."""
    rows = [
        (seed, f"c{cell}", value)
        for cell, row in enumerate(values)
        for seed, value in enumerate(row)
    ]
    return pd.DataFrame(rows, columns=["seed", "cell", "f1"])


def test_the_best_is_named_and_compared_with_all_others_seed_by_seed():
    values = np.random.default_rng(1).normal(0.7, 0.01, (6, 4))
    values[3] += 0.2
    best = judge_best(runs_of(values), "f1", factors=["cell"], shuffles=50)
    p_values = [stats.ttest_rel(values[3], values[i]).pvalue for i in (0, 1, 2, 4, 5)]
    assert best.levels == ("c3",)
    assert (best.mean, best.per_seed) == (
        pytest.approx(values[3].mean()),
        pytest.approx(tuple(values[3])),
    )
    assert (best.others, best.behind) == (5, int(np.sum(multipletests(p_values, method="holm")[0])))
    assert best.behind > 0


def test_shuffling_agrees_with_all_ways_to_deal_the_runs():
    values = np.array([[0.6, 0.8], [0.7, 0.5], [0.9, 0.75]])
    bests = [
        np.transpose([one, other]).mean(axis=1).max()
        for one, other in product(permutations(values[:, 0]), permutations(values[:, 1]))
    ]
    found = judge_best(runs_of(values), "f1", factors=["cell"], shuffles=8000)
    assert found.p == pytest.approx(np.mean(np.array(bests) >= values[2].mean() - 1e-12), abs=0.02)
    assert found.shuffled == np.median(bests)
    assert found == judge_best(runs_of(values), "f1", factors=["cell"], shuffles=8000)


def test_where_all_are_equal_the_best_seldom_seems_more_than_luck():
    rng = np.random.default_rng(2)
    worlds = rng.normal(0.7, 0.05, (300, 8, 3)) + rng.normal(0, 0.05, (300, 1, 3))
    found = [
        judge_best(runs_of(values), "f1", factors=["cell"], shuffles=60).p for values in worlds
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.07


def test_impossible_questions_are_refused():
    with pytest.raises(ChorusError, match="shuffles: 0"):
        judge_best(runs_of(np.ones((3, 3))), "f1", factors=["cell"], shuffles=0)
    with pytest.raises(ChorusError, match="two configurations with every seed"):
        judge_best(runs_of(np.ones((1, 3))), "f1", factors=["cell"])
