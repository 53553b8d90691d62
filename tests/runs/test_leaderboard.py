"""Leaderboards and comparisons of any table of runs, and published tables computed again."""

from __future__ import annotations

import statistics

import pytest
from scipy import stats

from chorus.errors import DataError, ParameterError
from chorus.files import read_csv
from chorus.runs.leaderboard import board, recompute
from chorus.runs.pairs import compare_runs
from tables_of_runs import REFERENCE, as_runs, grid, published

RUNS = published()


def test_the_board_has_mean_and_sample_sd_over_the_runs():
    found = board(RUNS.of("stage6"), "f1", resamples=200).table
    published_board = read_csv(REFERENCE / "stage6_leaderboard.csv")
    by_runs = {frozenset(row["runs"].split()): row for row in found.to_dict("records")}
    assert len(found) == len(published_board) == 30
    for row in published_board.to_dict("records"):
        ours = by_runs[frozenset(row["Experiments"].replace(",", "").split())]
        assert round(ours["f1__mean"], 3) == float(row["ood.f1__mean"])
        assert round(ours["f1__std"], 3) == float(row["ood.f1__std"])


def test_every_run_counts_also_repeats():
    found = board(RUNS.of("stage13"), "f1", resamples=200).table
    assert sorted(found["n"].unique()) == [1, 2, 4, 5] and found["n"].sum() == 180
    top = found.iloc[0]
    values = list(RUNS.frame.set_index("run").loc[top["runs"].split(), "f1"])
    assert top["f1__mean"] == pytest.approx(statistics.mean(values))
    assert top["f1__std"] == pytest.approx(statistics.stdev(values))
    assert found["f1__mean"].is_monotonic_decreasing


def test_published_figures_that_follow_and_those_that_do_not():
    table = read_csv(REFERENCE / "published_tables.csv")
    found = recompute(RUNS, table)
    share = found.groupby("page")["agrees"].mean()
    assert (
        share["stage 6 leaderboard"]
        == share["validation set (stage 16)"]
        == share["model of 2024"]
        == 1
    )
    assert share["stage 7"] == 0
    wrong = table.iloc[[0]].assign(mean="0.8211")
    assert not recompute(RUNS, wrong.assign(digits="4"))["agrees"].iloc[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"runs": "stage6_999"}, "a run that is not there: stage6_999"),
        ({"metric": "speed"}, "unknown metric: speed"),
        ({"mean": "high"}, "mean 'high', which is no number"),
    ],
)
def test_a_published_table_of_something_else_is_refused(change, message):
    one = read_csv(REFERENCE / "published_tables.csv").iloc[[0]]
    with pytest.raises(DataError, match=message):
        recompute(RUNS, one.assign(**change))


def test_two_configurations_are_compared_by_seed():
    found = compare_runs(RUNS, "stage6_002", "stage6_001")
    frame = RUNS.frame.set_index("run")
    a, b = (
        frame.loc[[f"stage6_{n + 18 * k:03}" for k in range(3)], "f1"].to_numpy() for n in (2, 1)
    )
    golden = stats.ttest_rel(a, b)
    judged = found.metrics["f1"]
    assert (judged.difference, judged.p) == (
        pytest.approx((a - b).mean()),
        pytest.approx(golden.pvalue),
    )
    assert (judged.low, judged.high) == pytest.approx(tuple(golden.confidence_interval(0.95)))
    assert found.how == "paired by seed" and found.names[0].endswith("negatives=hardneg_50")


def test_without_seeds_in_common_they_are_two_samples(tmp_path):
    table = grid({"a": ["x", "y"]}, seeds=(1, 2, 3, 4, 5, 6))
    table = table[(table["a"] == "x") == table["seed"].isin(["1", "2", "3"])]
    found = compare_runs(as_runs(table, tmp_path, ["a"]), *table.groupby("a")["name"].first())
    x, y = (table.loc[table["a"] == level, "score"] for level in "xy")
    judged = found.metrics["score"]
    assert judged.difference == pytest.approx(x.mean() - y.mean())
    # Cochran's critical value is a little larger than that of Satterthwaite's degrees of freedom.
    golden = stats.ttest_ind(x, y, equal_var=False)
    assert golden.pvalue <= judged.p < golden.pvalue + 0.05
    assert found.seeds == (3, 3) and "two samples" in found.how


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(DataError, match="of one configuration"):
        compare_runs(RUNS, "stage6_001", "stage6_019")
    with pytest.raises(ParameterError, match="no such run"):
        compare_runs(RUNS, "stage6_001", "nothing")
