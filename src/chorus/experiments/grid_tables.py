"""Runs that differ in their seed only, grouped and ranked: plain tables in, plain tables out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.experiments.columns import COUNTS, measured
from chorus.experiments.grid import Comparison, Plan
from chorus.experiments.sections import value_of
from chorus.metrics.direction import lower_is_better
from chorus.runs.factors import Factor, configuration, spell
from chorus.statistics.summary import summary_columns


@dataclass(frozen=True)
class Tables:
    """What a table of runs comes to. board: of `rank`. comparisons: of `compare`, those whose runs are there."""

    board: pd.DataFrame
    comparisons: pd.DataFrame


def tables(
    runs: pd.DataFrame,
    plan: Plan,
    *,
    rank_by: str = "",
    min_precision: float | None = None,
    stability_weight: float = 0.0,
) -> Tables:
    """Rank and compare the runs of a sweep as it says, or by something else.

    Args:
        runs: as for `aggregate`.
        rank_by, min_precision, stability_weight: as for `rank`; "": by what the sweep says.

    Raises:
        DataError, ParameterError: see `aggregate` and `rank`.
    """
    board = aggregate(runs, plan.factors)
    ranked = rank(
        board,
        rank_by or plan.rank_by,
        min_precision=min_precision,
        stability_weight=stability_weight,
    )
    return Tables(ranked, compare(runs, comparable(runs, plan.comparisons), plan.factors))


def run_row(
    name: str, params: Mapping[str, Any], factors: Sequence[Factor], columns: Mapping[str, Any]
) -> dict[str, Any]:
    """A run as a row of the table of runs: name, seed, factors, and what was measured.

    Args:
        params: all of its parameters.
        factors: that vary in its grid.
        columns: of `chorus.experiments.columns`.
    """
    row: dict[str, Any] = {"run": name, "seed": params["seed"]}
    for factor in factors:
        row[factor.name] = spell(value_of(params, factor.key))
    return row | dict(columns)


def aggregate(runs: pd.DataFrame, factors: Sequence[Factor]) -> pd.DataFrame:
    """One row a configuration: mean, sample SD and 95 % interval of every metric over its seeds.

    The interval is Student's t over n seeds: it says how well the mean over seeds is known for this one test set, not
    what another pond would give.

    Args:
        runs: run, seed, signature, factors, and metrics as numbers; one row a run.
        factors: that vary in the grid, in the order in which a configuration is described.

    Returns:
        signature, configuration, runs, n, versions (where the runs have one), and for every metric <metric>__mean,
        __std, __low and __high, in the order of the first run of each configuration. Of a single run, SD and interval
        are NaN.

    Raises:
        DataError: a seed twice in one configuration.
    """
    metrics = measured(runs, [factor.name for factor in factors])
    rows = []
    for signature, group in runs.groupby("signature", sort=False):
        # the mean and its interval take each seed for one witness
        twice = group["seed"].duplicated(keep=False)
        if twice.any():
            raise DataError(
                f"the same configuration and seed twice: {', '.join(group.loc[twice, 'run'])}"
            )
        row: dict[str, Any] = {
            "signature": signature,
            "configuration": configuration(group.iloc[0], factors),
            "runs": ", ".join(group["run"]),
            "n": len(group),
        }
        if "version" in runs:
            row["versions"] = ", ".join(sorted(set(group["version"])))
        for metric in metrics:
            row |= summary_columns(metric, group[metric].to_numpy(dtype=np.float64))
        rows.append(row)
    return pd.DataFrame(rows)


def rank(
    leaderboard: pd.DataFrame,
    metric: str,
    *,
    min_precision: float | None = None,
    stability_weight: float = 0.0,
) -> pd.DataFrame:
    """The leaderboard, best first.

    Args:
        leaderboard: of `aggregate`.
        metric: a column of it, without its ending ("ood.f1").
        min_precision: configurations with a lower mean precision, on the split of the metric, are left out.
        stability_weight: order by mean - weight x SD, so that luck with one seed counts less. Configurations of a
            single run, whose SD nobody knows, then come last.

    Raises:
        ParameterError: an unknown metric, or a negative weight.
    """
    known = [column.removesuffix("__mean") for column in leaderboard if column.endswith("__mean")]
    if metric not in known:
        raise ParameterError(f"metric: {metric!r} is not allowed: one of {', '.join(known)}")
    if not stability_weight >= 0:
        raise ParameterError(f"stability weight: {stability_weight} is not allowed: 0 or more")
    table = leaderboard
    if min_precision is not None:
        precision = f"{metric.rpartition('.')[0]}.precision"
        if precision not in known:
            raise ParameterError(
                f"metric: {metric!r} has no {precision} beside it to leave configurations out by"
            )
        table = table[table[f"{precision}__mean"] >= min_precision]
    score = table[f"{metric}__mean"]
    if lower_is_better(metric):
        score = -score
    if stability_weight:
        score = score - stability_weight * table[f"{metric}__std"]
    # stable: of equals the one that comes first in the grid, on any machine
    order = score.sort_values(ascending=False, kind="stable", na_position="last").index
    return table.loc[order].reset_index(drop=True)


def comparable(runs: pd.DataFrame, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Those whose two runs are both in the table of runs: a grid may be half done."""
    known = set(runs["run"])
    return [pair for pair in comparisons if {pair.a, pair.b} <= known]


def compare(
    runs: pd.DataFrame, comparisons: Sequence[Comparison], factors: Sequence[Factor]
) -> pd.DataFrame:
    """Configurations side by side: means over seeds, and their difference over the seeds that both have.

    Args:
        runs, factors: as for `aggregate`, with positives and negatives where they are known.
        comparisons: each names one run of either configuration.

    Returns:
        Two rows (a, b) and a third (b - a, the mean of the differences seed by seed) for each comparison; without
        comparisons the columns alone.

    Raises:
        DataError: a run that is not in the table.
    """
    names = [factor.name for factor in factors]
    # each once: of other models than detectors, the counts are among the measured columns
    candidates = dict.fromkeys([*COUNTS, *measured(runs, names)])
    metrics = [column for column in candidates if column in runs]
    rows = []
    for comparison in comparisons:
        about = {"comparison": comparison.name, "shows": comparison.shows}
        sides = {"a": comparison.a, "b": comparison.b}
        by_seed = {}
        for side, run in sides.items():
            group = _configuration_of(runs, run)
            by_seed[side] = group.set_index("seed")[metrics]
            described = configuration(group.iloc[0], factors)
            what = {"side": side, "configuration": described, "seeds": len(group)}
            rows.append(about | what | group[metrics].mean().to_dict())
        # seed by seed, so that a seed which only one side has does not pass for a difference
        difference = (by_seed["b"] - by_seed["a"]).dropna(how="all")
        what = {"side": "b - a", "configuration": "", "seeds": len(difference)}
        rows.append(about | what | difference.mean().to_dict())
    columns = ["comparison", "shows", "side", "configuration", "seeds", *metrics]
    return pd.DataFrame(rows, columns=columns)


def one_version(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, if all share one version of code and data.

    Raises:
        DataError: they do not: they cannot be compared.
    """
    counts = runs["version"].value_counts()
    if len(counts) > 1:
        listed = ", ".join(f"{version} ({count} runs)" for version, count in counts.items())
        raise DataError(
            f"the runs come from several versions of code or data: {listed}; sweep again, or use --mixed"
        )
    return runs


def _configuration_of(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    found = runs.loc[runs["run"] == name, "signature"]
    if found.empty:
        raise DataError(f"there is no run {name!r} to compare")
    return runs[runs["signature"] == found.iloc[0]]
