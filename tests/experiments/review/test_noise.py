"""Seed noise against independent arithmetic, and by simulation."""

from __future__ import annotations

import statistics

import numpy as np
import pandas as pd
import pytest
from stage6 import FACTORS, published_runs

from chorus.experiments.grid_tables import aggregate
from chorus.experiments.review import noise_among, seed_noise


def _runs(values: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"signature": name, "ood.f1": value} for name, of in values.items() for value in of]
    )


def test_two_configurations_by_hand():
    noise = seed_noise(_runs({"a": [0.5, 0.6, 0.7], "b": [0.9, 0.8, 0.7]}))
    pooled = (
        statistics.mean(
            [statistics.variance([0.5, 0.6, 0.7]), statistics.variance([0.9, 0.8, 0.7])]
        )
        ** 0.5
    )
    students_t = 2.7764451  # 97.5 % quantile, 4 degrees of freedom, from a table
    assert noise.widths == {"ood.f1": pytest.approx(students_t * 2**0.5 * pooled, rel=1e-6)}
    assert (noise.configurations, noise.runs) == (2, 6)


def test_it_is_the_spread_that_the_leaderboard_shows():
    runs = published_runs()
    spread = aggregate(runs, FACTORS)["ood.f1__std"]
    expected = 2.0002978 * 2**0.5 * float((spread**2).mean() ** 0.5)  # 60 degrees of freedom
    assert seed_noise(runs).widths["ood.f1"] == pytest.approx(expected, rel=1e-6)


def test_ninety_five_of_a_hundred_differences_of_two_seeds_are_smaller():
    rng = np.random.default_rng(1)
    runs = _runs({f"c{number}": list(rng.normal(number, 0.02, 3)) for number in range(200)})
    width = seed_noise(runs).widths["ood.f1"]
    differences = rng.normal(0, 0.02, 100_000) - rng.normal(0, 0.02, 100_000)
    assert np.mean(np.abs(differences) < width) == pytest.approx(0.95, abs=0.01)


def test_single_runs_say_nothing():
    assert seed_noise(_runs({"a": [0.5], "b": [0.9]})) is None
    assert seed_noise(_runs({"a": [0.5, 0.6], "b": [0.9]})).runs == 2


def test_a_metric_with_gaps_has_no_width():
    runs = _runs({"a": [0.5, 0.6]}).assign(**{"iid.f1": ["", "0.5"], "threshold": ["0.5", "0.7"]})
    assert set(seed_noise(runs).widths) == {"ood.f1", "threshold"}


def _grid(splits: str, seeds: int) -> pd.DataFrame:
    return _runs({"a": [0.5 + 0.1 * seed for seed in range(seeds)]}).assign(splits=splits)


def test_the_noise_is_that_of_the_largest_grid_on_the_same_splits():
    grids = {
        "small": _grid("abcd1234", 2),
        "large": _grid("abcd1234", 4),
        "other": _grid("99999999", 9),
    }
    found = noise_among(grids, "abcd1234ffff")
    assert found is not None and (found.grid, found.runs) == ("large", 4)
    assert found.widths == seed_noise(grids["large"]).widths


@pytest.mark.parametrize("splits", ["1234abcdffff", None])
def test_a_grid_of_another_survey_says_nothing(splits):
    mixed = pd.concat([_grid("1234abcd", 2), _grid("99999999", 2)])
    unknown = _grid("1234abcd", 2).drop(columns="splits")
    assert (
        noise_among({"other": _grid("abcd1234", 3), "mixed": mixed, "unknown": unknown}, splits)
        is None
    )
