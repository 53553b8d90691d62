"""The page's tables: every figure from the runs, nothing guessed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from stage6 import FACTORS, PLAN
from statsmodels.stats.multitest import multipletests

from chorus.errors import DataError
from chorus.reports import tables
from chorus.reports.tables import (
    associations,
    baselines,
    findings,
    health_of,
    heat_map,
    told,
    training_sets,
)
from chorus.runs.factors import Factor


def typed(runs, metrics):
    return tables.typed(runs, metrics, FACTORS)


def made(*rows: dict[str, str]) -> pd.DataFrame:
    """Runs as text, as a CSV has them."""
    common = {
        "seed": "1", "quality": "high+medium", "balance": "True", "positive_subsets": "none",
        "negative_subsets": "none", "ood.f1": "0.5", "positives": "10", "negatives": "10", "version": "12345678",
    }  # fmt: skip
    return pd.DataFrame(
        [
            {"run": f"run_{n}", "signature": str(n), **common, **row}
            for n, row in enumerate(rows, start=1)
        ]
    )


def test_numbers_become_numbers_and_names_stay_text():
    runs = typed(made({"ood.f1": "0.25"}, {"iid.f1": ""}).fillna(""), ["ood.f1"])
    assert runs["ood.f1"].tolist() == [0.25, 0.5]
    assert runs["seed"].tolist() == [1, 1]
    assert runs["version"].tolist() == [
        "12345678",
        "12345678",
    ]  # a hash, though it looks like a number
    assert runs["signature"].tolist() == ["1", "2"]
    assert runs["balance"].tolist() == ["True", "True"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ood.f1": ""}, "ood.f1 of run_1 is no number"),
        ({"ood.f1": "nan"}, "ood.f1 of run_1 is no number"),
    ],
)
def test_a_run_without_the_metric_is_named(change, message):
    with pytest.raises(DataError, match=message):
        typed(made(change, {}), ["ood.f1"])


def test_a_table_of_something_else_is_refused():
    with pytest.raises(DataError, match=r"lacks the columns signature, ood\.auprc"):
        typed(made({}).drop(columns="signature"), ["ood.auprc"])


def test_factors_stand_in_panels_rows_and_columns_in_the_order_of_the_sweep():
    runs = typed(
        made(
            {"quality": "high+medium+low", "negative_subsets": "hardneg_conf_min_50"},
            {"quality": "high", "balance": "False"},
            {"positive_subsets": "small"},
        ),
        ["ood.f1"],
    )
    found = heat_map(runs, "ood.f1", PLAN.by_axis())
    assert found.table.index.unique("panel").tolist() == ["balanced", "all negatives"]
    assert found.table.index.unique("row").tolist() == [
        "high+medium +small",
        "high",
        "high+medium+low",
    ]
    assert list(found.table) == ["none", "hardneg_conf_min_50"]
    assert (found.panels, found.rows, found.columns) == (
        "balance",
        "quality, positive subsets",
        "negative subsets",
    )


def test_a_cell_is_the_mean_of_its_runs_and_empty_without_any():
    hard = "hardneg_conf_min_99"
    runs = typed(
        made({"ood.f1": "0.2"}, {"ood.f1": "0.4", "seed": "2"}, {"ood.f1": "0.9", "negative_subsets": hard},
             {"ood.f1": "0.7", "balance": "False"}),
        ["ood.f1"],
    )  # fmt: skip
    table = heat_map(runs, "ood.f1", PLAN.by_axis()).table
    assert table.loc[("balanced", "high+medium")].to_dict() == pytest.approx(
        {"none": 0.3, hard: 0.9}
    )
    assert table.loc[("all negatives", "high+medium"), "none"] == 0.7
    assert pd.isna(table.loc[("all negatives", "high+medium"), hard])


@pytest.mark.parametrize(
    ("rows", "columns", "panels"), [("a", "", ""), ("a", "b", ""), ("b", "c", "a")]
)
def test_a_heat_map_of_any_number_of_factors(rows, columns, panels):
    factors = [Factor(f"x.{name}", name, ("0.1", "2")) for name in panels + rows + columns]
    runs = pd.DataFrame(
        [dict.fromkeys("abc", "0.1") | {"ood.f1": 1.0}, dict.fromkeys("abc", "2") | {"ood.f1": 2.0}]
    )
    found = heat_map(runs, "ood.f1", factors)
    assert (found.rows, found.columns, found.panels) == (rows, columns, panels)
    assert sorted(found.table.to_numpy()[~found.table.isna().to_numpy()]) == [1.0, 2.0]


def test_training_sets_are_counted_and_ranges_shown():
    runs = typed(
        made({"positives.high": "3", "signature": "a"}, {"positives.high": "4", "seed": "2", "negatives": "12",
              "signature": "a"}, {"positives.high": "4", "signature": "b", "negatives": "1234"}),
        ["ood.f1"],
    )  # fmt: skip
    assert training_sets(runs, ["b", "a"]) == [
        {"signature": "b", "positives": "10", "negatives": "1,234", "positives.high": "4"},
        {"signature": "a", "positives": "10", "negatives": "10–12", "positives.high": "3–4"},
    ]
    assert (
        training_sets(runs.drop(columns=["positives", "negatives", "positives.high"]), ["a"]) == []
    )


def test_metrics_that_are_told_and_baselines_are_found_by_their_names():
    row = {
        "ood.auprc": "0.6",
        "ood.recall": "0.7",
        "iid.f1": "0.8",
        "ood.always_yes.f1": "0.3",
        "iid.auprc": "",
    }
    runs = typed(made(row, row), ["ood.f1"])
    found = told(runs, "ood.f1", ["ood.f1", "ood.recall"], FACTORS)
    assert found.first == ("ood.f1", "ood.auprc")
    assert found.beside == ("ood.recall", "iid.f1")
    assert found.all == ("ood.f1", "ood.recall", "ood.auprc", "iid.f1")
    assert baselines(runs, "ood.f1") == {"always yes": "ood.always_yes.f1"}


def test_findings_are_counted_and_compared_with_runs_without_them():
    runs = typed(
        made(
            {"health.findings": "overfitting+unstable", "ood.f1": "0.2"},
            {"health.findings": "overfitting", "ood.f1": "0.4"},
            {"health.findings": "none", "ood.f1": "0.9"},
        ),
        ["ood.f1"],
    )
    rows = findings(runs, ["ood.f1"])
    assert [(row["finding"], row["runs"]) for row in rows] == [("overfitting", 2), ("unstable", 1)]
    assert rows[0]["with"] == {"ood.f1": pytest.approx(0.3)} and rows[0]["without"] == {
        "ood.f1": 0.9
    }
    assert rows[1]["without"] == {"ood.f1": pytest.approx(0.65)}


def test_signals_are_compared_over_configurations_with_adjusted_p_values():
    rng = np.random.default_rng(3)
    rows = [
        {"signature": str(n // 3), "seed": str(n % 3), "ood.f1": str(n // 3 + rng.normal()),
         "signal.a": str(rng.normal() - n // 3), "signal.b": str(rng.normal())}
        for n in range(24)
    ]  # fmt: skip
    runs = typed(made(*rows), ["ood.f1"])
    first, second = associations(runs, "ood.f1")
    assert (first.signal, second.signal) == ("a", "b")
    averaged = runs.groupby("signature")[["ood.f1", "signal.a", "signal.b"]].mean()
    ranks = averaged.rank()
    assert first.rho == pytest.approx(np.corrcoef(ranks["ood.f1"], ranks["signal.a"])[0, 1])
    rho = np.array([first.rho, second.rho])
    raw = 2 * t.sf(np.abs(rho) * np.sqrt(6 / (1 - rho**2)), df=6)  # of 8 configurations
    assert [first.p, second.p] == pytest.approx(multipletests(raw, method="holm")[1])
    assert associations(runs[runs["signature"].isin(["0", "1"])], "ood.f1") == []


def test_verdicts_of_a_configuration_in_words_and_the_worst_of_them():
    verdicts = ("healthy", "watch", "healthy"), ("watch", "trouble"), ("healthy",)
    runs = typed(
        made(
            *(
                {"signature": str(n), "health.verdict": v}
                for n, own in enumerate(verdicts)
                for v in own
            )
        ),
        ["ood.f1"],
    )
    assert health_of(runs) == {
        "0": {"words": "2 healthy, 1 watch", "worst": "watch"},
        "1": {"words": "1 watch, 1 trouble", "worst": "trouble"},
        "2": {"words": "healthy", "worst": "healthy"},
    }
    with pytest.raises(DataError, match="'fine' is not allowed"):
        health_of(runs.assign(**{"health.verdict": "fine"}))
