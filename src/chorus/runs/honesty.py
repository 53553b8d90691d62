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
    asked = questions(runs.with_metric(metric))
    contrasts = [pairs for contrast in asked.contrasts if (pairs := matched_rows(grid, contrast))]
    if not contrasts:
        return None
    return false_positives(grid.to_numpy(), contrasts, times=times, drawn=drawn)


def matched_rows(grid: pd.DataFrame, contrast: Contrast) -> list[tuple[int, int]]:
    """The rows of a grid that differ in a contrast only: (with its level, with its reference).

    Args:
        grid: indexed by the factors.
    """
    rows = pd.Series(np.arange(len(grid)), index=grid.index)
    if rows.index.nlevels == 1:
        at = {str(level): int(row) for level, row in rows.items()}
        both = contrast.level in at and contrast.reference in at
        return [(at[contrast.level], at[contrast.reference])] if both else []
    by_level = rows.unstack(contrast.factor)
    if contrast.level not in by_level or contrast.reference not in by_level:
        return []
    pairs = by_level[[contrast.level, contrast.reference]].dropna().astype(int)
    return [(int(one), int(other)) for one, other in pairs.to_numpy()]


def _grid(runs: Runs, metric: str) -> pd.DataFrame | None:
    try:
        return grid_of(runs, metric)[0]
    except DataError:
        return None
