"""Configurations of any table of runs, ranked; and whether a published table follows from the runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.metrics.direction import lower_is_better
from chorus.runs.block_effects import one_run_each
from chorus.runs.contrasts import apart, numbered
from chorus.runs.table import Runs, configurations
from chorus.statistics.effects import whole_grid
from chorus.statistics.ranking import Again, Best, best_again, judge_best
from chorus.statistics.summary import seed_summary, summary_columns

TABLE_COLUMNS = ("page", "runs", "metric", "mean", "sd", "digits")


@dataclass(frozen=True)
class Board:
    """A leaderboard, and how far its first place is to be trusted.

    table: configuration, runs (names), n, and of each metric METRIC__mean, __std, __low, __high;
        best first.
    best: judged over the seeds that configurations have in common; None where no two have all
        seeds.
    again: None where no configuration has two runs.
    """

    table: pd.DataFrame
    best: Best | None
    again: Again | None


def board(runs: Runs, metric: str, *, resamples: int = 2000, seed: int = 1) -> Board:
    """Rank the configurations of one block by their mean over its runs.

    Every run counts, also those that repeat a seed; mean and sample SD are over runs, as in
    published tables.

    Raises:
        ParameterError: an unknown metric.
    """
    known = runs.with_metric(metric)
    factors, _ = apart(known.frame, known.factors)
    named = known.frame.assign(configuration=configurations(known.frame, factors))
    lower = lower_is_better(metric)
    rows, groups = [], []
    for name, group in named.groupby("configuration", sort=False):
        rows.append(_row(str(name), group, known.metrics))
        groups.append((-group[metric] if lower else group[metric]).to_list())  # highest is best
    # stable: of equals the one that stands first in the table of runs
    table = pd.DataFrame(rows).sort_values(
        f"{metric}__mean", ascending=lower, kind="stable", ignore_index=True
    )
    again = None
    if len(groups) > 1 and max(map(len, groups)) > 1:
        again = best_again(groups, resamples=resamples, seed=seed)
    return Board(table, _judged(known, metric, factors, resamples, seed), again)


def recompute(runs: Runs, published: pd.DataFrame) -> pd.DataFrame:
    """A published table beside what the runs give.

    Args:
        published: text; one row a figure: page, runs (names, divided by spaces), metric (ours),
            mean, sd (may be empty), digits (to which the figure was rounded).

    Returns:
        the same, with runs_mean, runs_sd, and agrees.

    Raises:
        DataError: a column, a run or a metric is missing, or a figure is no number.
    """
    if missing := [column for column in TABLE_COLUMNS if column not in published]:
        raise DataError(f"the published table lacks the columns {', '.join(missing)}")
    by_name = runs.frame.set_index("run")
    rows = []
    for figure in published.to_dict("records"):
        names = str(figure["runs"]).split()
        if lost := [name for name in names if name not in by_name.index]:
            raise DataError(f"the published table speaks of a run that is not there: {lost[0]}")
        if figure["metric"] not in runs.metrics:
            raise DataError(f"the published table speaks of an unknown metric: {figure['metric']}")
        ours = seed_summary(by_name.loc[names, str(figure["metric"])].to_numpy())
        agrees = _rounds_to(ours.mean, figure, "mean")
        if figure["sd"] != "":
            agrees &= _rounds_to(ours.sd, figure, "sd")
        rows.append({**figure, "runs_mean": ours.mean, "runs_sd": ours.sd, "agrees": agrees})
    return pd.DataFrame(rows)


def find(runs: Runs, name: str) -> pd.DataFrame:
    """The runs of one configuration, named by any of its runs.

    Raises:
        ParameterError: there is no such run.
    """
    own = runs.frame[runs.frame["run"] == name]
    if own.empty:
        raise ParameterError(f"run: {name!r} is not allowed: there is no such run in the table")
    block = runs.of(str(own["block"].iloc[0]))
    which = configurations(block.frame, block.factors)
    return block.frame[which == which[block.frame["run"] == name].iloc[0]]


def _row(name: str, group: pd.DataFrame, metrics: tuple[str, ...]) -> dict[str, object]:
    row: dict[str, object] = {
        "configuration": name,
        "runs": " ".join(group["run"]),
        "n": len(group),
    }
    for metric in metrics:
        values = group[metric].to_numpy()
        # beside the one that ranks, a metric may be unknown of some runs
        values = values[np.isfinite(values)]
        if len(values):
            row |= summary_columns(metric, values)
    return row


def _judged(runs: Runs, metric: str, factors: list[str], resamples: int, seed: int) -> Best | None:
    frame, _ = one_run_each(runs.frame, factors, metric)
    if not factors or frame["seed"].nunique() < 2:
        return None
    # shuffling within seeds takes a whole table: a configuration that lacks a seed has no part in it
    complete = frame.groupby(factors)["seed"].nunique() == frame["seed"].nunique()
    if complete.sum() < 2:
        return None
    return judge_best(
        numbered(frame),
        metric,
        factors=factors,
        lowest_is_best=lower_is_better(metric),
        shuffles=resamples,
        seed=seed,
    )


def grid_of(runs: Runs, metric: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The configurations of a block that have all seeds: a row each, a column a seed; and the factors they differ in.

    Raises:
        DataError: there are no two, or only one seed.
    """
    known = runs.with_metric(metric)
    factors, _ = apart(known.frame, known.factors)
    if not factors:
        raise DataError(f"{metric}: there must be two configurations with every seed")
    frame, _ = one_run_each(known.frame, factors, metric)
    return whole_grid(numbered(frame), metric, factors), tuple(factors)


def _rounds_to(value: float, figure: dict[str, object], column: str) -> bool:
    """Whether a figure is ours, to the digits that it was published with (half a unit either way)."""
    try:
        given, digits = float(str(figure[column])), int(str(figure["digits"]))
    except ValueError:
        raise DataError(
            f"the published table has {column} {figure[column]!r}, which is no number"
        ) from None
    # a little more than half a unit: 0.0005 is no binary fraction, and either way of rounding a half is right
    return bool(abs(value - given) <= 0.5 * 10.0**-digits + 1e-9)
