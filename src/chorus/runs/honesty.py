"""Our intervals and tests, tried on the runs of a block."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chorus.errors import DataError
from chorus.runs.contrasts import questions
from chorus.runs.leaderboard import grid_of
from chorus.runs.table import Runs
from chorus.statistics.effects import Contrast
from chorus.statistics.honesty import Coverage, FalsePositives, false_positives, interval_coverage


def coverage_of(runs: Runs, metric: str, drawn: int) -> Coverage | None:
    """How well intervals from a few seeds hold the mean of all; None where there are not twice as many seeds.

    Args:
        runs: of one block.
    """
    grid = _grid(runs, metric)
    # the mean of all seeds stands for the truth: those drawn must not be most of it
    if grid is None or grid.shape[1] < 2 * drawn:
        return None
    return interval_coverage(grid.to_numpy(), drawn)


def dealt(runs: Runs, metric: str, drawn: int | None, *, times: int) -> FalsePositives | None:
    """False positives when runs are dealt at random; None where there is nothing to test, or not more seeds than drawn.

    Args:
        runs: of one block. drawn: seeds to use; None: all.
    """
    grid = _grid(runs, metric)
    if grid is None or (drawn is not None and drawn >= grid.shape[1]):
        return None
    known = runs.with_metric(metric)
    asked = questions(known.frame, known.factors, known.references)
    # a contrast may have no runs in the grid, which holds only configurations with all seeds
    matched = [matched_rows(grid, contrast) for contrast in asked.contrasts]
    contrasts = [pairs for pairs in matched if pairs]
    if not contrasts:
        return None
    return false_positives(grid.to_numpy(), contrasts, times=times, drawn=drawn)


def matched_rows(grid: pd.DataFrame, contrast: Contrast) -> list[tuple[int, int]]:
    """The rows of a grid that differ in a contrast only: (with its level, with its reference).

    Args:
        grid: indexed by the factors.
    """
    rows = pd.Series(np.arange(len(grid)), index=grid.index)
    wanted = [contrast.level, contrast.reference]
    if rows.index.nlevels == 1:  # nothing else that has to agree
        rows.index = rows.index.astype(str)
        by_level = rows.to_frame().T
    else:
        by_level = rows.unstack(contrast.factor)
    if not set(wanted) <= set(by_level):
        return []
    pairs = by_level[wanted].dropna().astype(int)
    return [(int(one), int(other)) for one, other in pairs.to_numpy()]


def _grid(runs: Runs, metric: str) -> pd.DataFrame | None:
    try:
        return grid_of(runs, metric)[0]
    except DataError:
        return None
