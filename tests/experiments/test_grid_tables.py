"""The table of runs, its aggregation and ranking, against the published figures and independent arithmetic."""

from __future__ import annotations

import statistics
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage6 import FACTORS, published_runs

from chorus.errors import DataError, ParameterError
from chorus.experiments import grid_tables
from chorus.experiments.grid_tables import one_version, rank
from chorus.experiments.plan import Comparison
from chorus.experiments.rows import detector_columns, run_row
from chorus.files import read_csv
from chorus.runs.factors import Factor, configuration

REFERENCE = Path(__file__).parents[2] / "data/reference"
METRICS = ("ood.f1", "ood.precision", "ood.recall")


def aggregate(runs):
    return grid_tables.aggregate(runs, FACTORS)


def compare(runs, comparisons):
    return grid_tables.compare(runs, comparisons, aggregate(runs))


@pytest.fixture(scope="module")
def published():
    return aggregate(published_runs())


def _runs(values: dict[str, list[float]], **columns: object) -> pd.DataFrame:
    """One configuration per key, one seed per value; all have the same factors unless told."""
    rows = [
        {
            "run": f"{name}{seed}", "seed": seed, "signature": name, "quality": "high", "balance": "True",
            "positive_subsets": "none", "negative_subsets": "none", "ood.f1": value, "ood.precision": value,
        }
        for name, of_seeds in values.items()
        for seed, value in enumerate(of_seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**columns)


def test_the_published_leaderboard_is_reproduced(published):
    expected = read_csv(REFERENCE / "stage6_leaderboard.csv").set_index("Experiments")
    ours = published.set_index("runs").loc[expected.index]
    assert len(ours) == 30
    assert (ours["n"] == 3).all()
    for metric in METRICS:
        for figure in ("mean", "std"):
            column = f"{metric}__{figure}"
            assert (ours[column].round(3) == expected[column].astype(float)).all(), column


def test_the_published_order_is_that_of_the_mean_less_a_fifth_of_the_sd(published):
    expected = read_csv(REFERENCE / "stage6_leaderboard.csv")["Experiments"]
    assert list(rank(published, "ood.f1", stability_weight=0.2)["runs"]) == list(expected)
    assert list(rank(published, "ood.f1")["runs"]) != list(expected)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_mean_sd_and_interval_are_those_of_the_standard_library(values):
    row = aggregate(_runs({"a": values})).iloc[0]
    assert row["n"] == len(values)
    assert row["ood.f1__mean"] == pytest.approx(statistics.fmean(values))
    assert row["ood.f1__std"] == pytest.approx(statistics.stdev(values), abs=1e-9)
    quantile = {2: 12.70620, 3: 4.302653, 4: 3.182446, 5: 2.776445, 6: 2.570582}[
        len(values)
    ]  # printed t tables
    half = quantile * statistics.stdev(values) / len(values) ** 0.5
    assert row["ood.f1__high"] - row["ood.f1__mean"] == pytest.approx(half, rel=1e-5, abs=1e-9)
    assert row["ood.f1__mean"] - row["ood.f1__low"] == pytest.approx(half, rel=1e-5, abs=1e-9)


def test_a_single_run_has_a_mean_but_neither_sd_nor_interval():
    row = aggregate(_runs({"a": [0.5]})).iloc[0]
    assert row["ood.f1__mean"] == 0.5
    assert row[["ood.f1__std", "ood.f1__low", "ood.f1__high"]].isna().all()


def test_the_same_seed_twice_is_refused():
    runs = _runs({"a": [0.5, 0.6]}).assign(seed=1)
    with pytest.raises(DataError, match="same configuration and seed twice: a0, a1"):
        aggregate(runs)


def test_ranking_knows_precision_floor_and_stability():
    board = aggregate(
        _runs({"steady": [0.79, 0.80, 0.81], "lucky": [0.6, 0.85, 0.99], "poor": [0.1, 0.2, 0.3]})
    )
    assert list(rank(board, "ood.f1")["signature"]) == ["lucky", "steady", "poor"]
    assert list(rank(board, "ood.f1", stability_weight=1)["signature"]) == [
        "steady",
        "lucky",
        "poor",
    ]
    assert list(rank(board, "ood.f1", min_precision=0.5)["signature"]) == ["lucky", "steady"]
    with pytest.raises(
        ParameterError, match=r"metric: 'f1' is not allowed: one of ood.f1, ood.precision"
    ):
        rank(board, "f1")
    with pytest.raises(ParameterError, match=r"has no accuracy\.precision beside it"):
        rank(
            board.rename(columns={"ood.f1__mean": "accuracy.f1__mean"}),
            "accuracy.f1",
            min_precision=0.5,
        )
    with pytest.raises(ParameterError, match="stability weight"):
        rank(board, "ood.f1", stability_weight=-1)


def test_a_comparison_is_between_all_seeds_of_two_configurations_matched_by_seed():
    runs = _runs({"a": [0.1, 0.2, 0.3], "b": [0.5, 0.7]}, positives=10)
    table = compare(runs, [Comparison(name="effect", a="a2", b="b0")])
    assert list(table["side"]) == ["a", "b", "b - a"]
    assert list(table["seeds"]) == [3, 2, 2]
    assert table["ood.f1"].tolist() == pytest.approx(
        [0.2, 0.6, 0.45]
    )  # the third seed of a has no partner
    assert table["positives"].tolist() == [10, 10, 0]
    with pytest.raises(DataError, match="no run 'c1'"):
        compare(runs, [Comparison(name="effect", a="a2", b="c1")])


def test_runs_of_two_versions_are_not_mixed():
    runs = _runs({"a": [0.1, 0.2]}).assign(version=["v1", "v2"])
    with pytest.raises(
        DataError, match=r"several versions of code or data: v1 \(1 runs\), v2 \(1 runs\)"
    ):
        one_version(runs)
    assert len(one_version(runs.iloc[:1])) == 1


def test_a_run_becomes_a_row_spelled_like_the_published_ones():
    params = {
        "seed": 456,
        "compose": {
            "quality": ["high", "low"], "balance": False, "positive_subsets": [], "negative_subsets": ["x", "y"],
        },
        "train": {"dropout": 0.25},
    }  # fmt: skip
    at = {"headline": {"f1": 0.5, "precision": 0.6, "recall": 0.4}, "oracle_best_f1": {"f1": 0.7}}
    detail = {
        "splits": {
            "test_ood": {
                "auroc": 0.8,
                "auprc": 0.9,
                "at": at,
                "baselines": {"all_positive": {"f1": 0.2, "auprc": 0.1}},
            },
            "test_iid": None,
        },
        "thresholds": {"headline": 0.3},
    }
    composition = {
        "positives": 7,
        "negatives": 9,
        "positives_by_quality": {"high": 3, "medium": 0, "low": 4},
    }
    factors = [*FACTORS, Factor("train.dropout", "dropout", ("0.25",))]
    row = run_row("run_1", params, factors, detector_columns(detail, composition))
    published = read_csv(REFERENCE / "stage6_runs.csv")
    assert list(row)[:6] == list(published)[:6]
    assert (row["quality"], row["balance"]) == ("high+low", "False")
    assert (row["positive_subsets"], row["negative_subsets"]) == ("none", "x+y")
    assert row["dropout"] == "0.25"
    assert (row["ood.f1"], row["ood.oracle_best_f1"], row["ood.auprc"], row["threshold"]) == (
        0.5,
        0.7,
        0.9,
        0.3,
    )
    assert row["iid.f1"] is None and row["iid.auroc"] is None
    assert (row["positives"], row["negatives"], row["positives.high"], row["positives.low"]) == (
        7,
        9,
        3,
        4,
    )
    assert (row["ood.all_positive.f1"], row["ood.all_positive.auprc"]) == (0.2, 0.1)


def test_a_configuration_is_called_what_the_sweep_says():
    row = {
        "quality": "high+low",
        "balance": "False",
        "positive_subsets": "none",
        "negative_subsets": "x+y",
    }
    assert configuration(row, FACTORS) == "high+low, all negatives, +x+y"
    assert configuration(
        {"hidden_units": "128"}, [Factor("train.hidden_units", "hidden_units", ("128",))]
    ) == ("hidden units 128")
    assert configuration({}, []) == "the one configuration"


def test_a_run_with_a_diagnosis_has_its_verdict_as_columns():
    detail = {"splits": {"test_ood": None, "test_iid": None}, "thresholds": {"headline": 0.3}}
    counts = {"positives": 7, "negatives": 9, "positives_by_quality": {"high": 7}}
    health = {
        "verdict": "trouble",
        "findings": "mislabelled+overconfident",
        "troubles": 1,
        "watches": 1,
    }
    checks = [{"signal": "grad_norm", "phase": "late", "value": 0.5}]
    row = detector_columns(detail, counts, health, {"checks": checks})
    assert row["signal.grad_norm"] == 0.5
    assert (row["health.verdict"], row["health.findings"]) == (
        "trouble",
        "mislabelled+overconfident",
    )
    assert not any(
        column.startswith(("health", "signal")) for column in detector_columns(detail, counts)
    )
