"""The table of runs of a grid: its metrics as numbers, its configurations ranked and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.experiments.columns import COUNTS, IDENTITY, METRICS
from chorus.experiments.plan import Comparison, Plan
from chorus.metrics.direction import lower_is_better
from chorus.runs.factors import Factor, configuration
from chorus.statistics.summary import summary_columns


def with_numbers(runs: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """A table of runs as text, as a CSV has it, with numbers for metrics and counts; NaN for an empty cell.

    Raises:
        DataError: a seed, a count or a figure is no number.
    """
    table = runs.copy()
    for column in (*COUNTS, *measured(runs, factors)):
        if column in runs:
            table[column] = _numbers(runs[column].replace("", "nan"), column)
    return table.assign(seed=_numbers(table["seed"], "seed"))


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


def measured(runs: pd.DataFrame, factors: Sequence[str]) -> list[str]:
    """The metrics in a table of runs: a detector's by name, of other models all columns of numbers.

    Args:
        factors: columns that are none.
    """
    if known := [metric for metric in METRICS if metric in runs]:
        return known
    others = runs.columns.difference([*IDENTITY, *factors], sort=False)
    return [column for column in others if _is_number(runs[column])]


def _numbers(cells: pd.Series, column: str) -> pd.Series:
    try:
        return pd.to_numeric(cells)
    except ValueError as error:
        raise DataError(f"{column}: {error}") from None


def _is_number(values: pd.Series) -> bool:
    """Whether all are numbers or empty, and not all are empty."""
    # pandas takes a truth for 0 or 1, of which a mean and an interval would be shown
    if pd.api.types.is_bool_dtype(values):
        return False
    numbers = pd.to_numeric(values, errors="coerce")
    empty = values.isna() | (values.astype(str) == "")
    return bool(numbers.notna().any() and (numbers.notna() | empty).all())


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
    comparisons = compare(runs, comparable(runs, plan.comparisons), board)
    ranked = rank(
        board,
        rank_by or plan.rank_by,
        min_precision=min_precision,
        stability_weight=stability_weight,
    )
    return Tables(ranked, comparisons)


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
    known = _metrics_of(leaderboard)
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
    runs: pd.DataFrame, comparisons: Sequence[Comparison], leaderboard: pd.DataFrame
) -> pd.DataFrame:
    """Configurations side by side: means over seeds, and their difference over the seeds that both have.

    Args:
        runs: as for `aggregate`, with positives and negatives where they are known.
        comparisons: each names one run of either configuration.
        leaderboard: of `aggregate`, from these runs: it knows what was measured, and what configurations are called.

    Returns:
        Two rows (a, b) and a third (b - a, the mean of the differences seed by seed) for each comparison; without
        comparisons the columns alone.

    Raises:
        DataError: a run that is not in the table.
    """
    # each once: of other models than detectors, the counts are among the measured columns
    candidates = dict.fromkeys([*COUNTS, *_metrics_of(leaderboard)])
    metrics = [column for column in candidates if column in runs]
    rows = []
    for comparison in comparisons:
        about = {"comparison": comparison.name, "shows": comparison.shows}
        sides = {"a": comparison.a, "b": comparison.b}
        by_seed = {}
        for side, run in sides.items():
            signature = _signature_of(runs, run)
            group = runs[runs["signature"] == signature]
            by_seed[side] = group.set_index("seed")[metrics]
            described = leaderboard.loc[leaderboard["signature"] == signature, "configuration"]
            what = {"side": side, "configuration": described.item(), "seeds": len(group)}
            rows.append(about | what | group[metrics].mean().to_dict())
        # seed by seed, so that a seed which only one side has does not pass for a difference
        difference = (by_seed["b"] - by_seed["a"]).dropna(how="all")
        what = {"side": "b - a", "configuration": "", "seeds": len(difference)}
        rows.append(about | what | difference.mean().to_dict())
    columns = ["comparison", "shows", "side", "configuration", "seeds", *metrics]
    return pd.DataFrame(rows, columns=columns)


def _metrics_of(leaderboard: pd.DataFrame) -> list[str]:
    return [column.removesuffix("__mean") for column in leaderboard if column.endswith("__mean")]


def _signature_of(runs: pd.DataFrame, name: str) -> str:
    found = runs.loc[runs["run"] == name, "signature"]
    if found.empty:
        raise DataError(f"there is no run {name!r} to compare")
    return str(found.iloc[0])
