"""What the winner of a grid is worth to somebody who had no say in its choice.

Where one site chooses and judges, its figure is flattered, and corrected here from the predictions of all runs. Where
each site in turn is left out, the table of runs tells: the others choose, and it judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chorus.errors import DataError
from chorus.evaluation.bootstrap import METRICS
from chorus.experiments.columns import JUDGED_BY
from chorus.metrics.direction import lower_is_better
from chorus.statistics.comparison import models
from chorus.statistics.selection import Selection, correct_for_selection


@dataclass(frozen=True)
class LeftOut:
    """What is chosen by the other sites, judged at the site left out.

    judged: site -> the metric there of the configuration that is best on average at the others.
    flattered: the mean over sites of the best figure at each.
    """

    judged: dict[str, float]
    flattered: float

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.judged.values())))


def leave_one_out(runs: pd.DataFrame, factors: Sequence[str], judge: str, metric: str) -> LeftOut:
    """Choose by all sites but one, judge at that one, for each site.

    Args:
        runs: the table of runs.
        factors: columns in which runs differ, `judge` among them.
        judge: the column that names the site left out.

    Raises:
        DataError: fewer than two configurations have runs at every site.
    """
    own = [factor for factor in factors if factor != judge]
    means = runs.groupby([judge, *own])[metric].mean()
    table = means.unstack(judge) if own else means.to_frame().T
    table = table.dropna()  # (configurations, sites)
    if len(table) < 2:
        raise DataError(
            "nothing was chosen: there must be two configurations with runs at every site"
        )
    sign = -1 if lower_is_better(metric) else 1
    judged = {}
    for site in table:
        # the site that judges has no say in the choice: its figure flatters nobody
        best = (sign * table.drop(columns=site)).mean(axis=1).idxmax()
        judged[str(site)] = float(table.loc[[best], site].iloc[0])
    best_there = sign * (sign * table).max()
    return LeftOut(judged, float(best_there.mean()))


def correct_best(
    predictions: pd.DataFrame, runs: pd.DataFrame, rank_by: str, *, resamples: int = 1000
) -> Selection:
    """The best configuration of a grid, corrected for having been chosen by the clips that judge it.

    Args:
        predictions: of all runs, see `chorus.experiments.predictions.PredictionStore.together`.
        runs: run, seed and signature. Configurations that lack a seed are left out.
        rank_by: such as "ood.f1".

    Raises:
        DataError: the metric cannot be redrawn; configurations were judged on other clips; or see
            `chorus.statistics.selection.correct_for_selection`.
    """
    split, _, metric = rank_by.rpartition(".")
    if metric not in METRICS or split not in JUDGED_BY:
        raise DataError(f"{rank_by} cannot be corrected for selection: only {', '.join(METRICS)}")
    of = runs.set_index("run")["signature"]
    found = []
    # in the order of their names: of equals the first wins, whichever run came home first
    for name, table in predictions.groupby(predictions["run"].map(of), sort=True):
        found.append(models(table, JUDGED_BY[split], str(name)))
    # a configuration that lacks a seed would be luckier, or less lucky, than the others for that alone
    seeds = max(len(each.seeds) for each in found)
    whole = [each for each in found if len(each.seeds) == seeds]
    first = whole[0]
    for each in whole:
        if each.seeds != first.seeds or not each.clips.equals(first.clips):
            raise DataError(
                "the configurations were not all judged on the same clips and with the same seeds"
            )
    return correct_for_selection(
        first.labels,
        np.stack([each.scores for each in whole]),
        np.stack([each.thresholds for each in whole]),
        first.nights,
        metric,
        resamples=resamples,
    )
