"""How far two runs lie apart that differ in their seed only: a difference below that says nothing about a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from chorus.experiments.columns import METRICS

LEVEL = 0.95
THRESHOLD = "threshold"
_COLUMNS = (*METRICS, THRESHOLD)


@dataclass(frozen=True)
class Noise:
    """What seeds alone do.

    widths: metric, such as ood.f1 -> what 95 % of the differences between two single
        runs of one configuration stay below.
    configurations, runs: that the estimate rests on.
    grid: whose runs these are.
    """

    widths: dict[str, float]
    configurations: int
    runs: int
    grid: str = ""


def noise_among(grids: Mapping[str, pd.DataFrame], splits: str | None) -> Noise | None:
    """The noise of the largest grid on the same clips: other recordings, or other test sets, have another.

    Args:
        grids: name -> its table of runs: signature, splits, metrics (ood.f1 ...), threshold; text or numbers.
        splits: the hash of the table of splits of the study that is reviewed.

    Returns:
        None when no grid is of these splits, or none has a configuration with two seeds.
    """
    if not splits:
        return None
    found = []
    for name, runs in grids.items():
        noise = seed_noise(runs) if of_splits(runs, splits) else None
        if noise is not None:
            found.append(replace(noise, grid=name))
    # the largest by its degrees of freedom: many runs of few configurations know the spread best
    return max(found, key=lambda noise: noise.runs - noise.configurations, default=None)


def of_splits(runs: pd.DataFrame, splits: str) -> bool:
    """Whether all runs of a table learnt and were judged by these splits."""
    if "splits" not in runs or runs.empty:
        return False
    return all(part and splits.startswith(part) for part in runs["splits"])


def seed_noise(runs: pd.DataFrame) -> Noise | None:
    """The noise of a grid: the SD over the seeds of a configuration, which is the spread that its leaderboard shows.

    It is pooled over all configurations: three seeds of a single one can miss their true SD by a factor of six. The
    difference between two runs spreads sqrt(2) times as much, and Student's t allows for what is not known of the SD.

    Args:
        runs: a grid's table of runs: signature, metrics (ood.f1 ...), threshold; text or numbers.

    Returns:
        None when no configuration has two seeds.
    """
    from scipy.special import stdtrit  # Student's t; scipy.stats would take a second to import

    groups = runs["signature"]
    sizes = groups.value_counts()
    several = sizes[sizes > 1].index
    freedom = int((sizes[several] - 1).sum())
    if not freedom:
        return None
    used = runs[groups.isin(several)]
    reach = float(stdtrit(freedom, (1 + LEVEL) / 2)) * 2**0.5
    widths = {}
    for column in used.columns.intersection(_COLUMNS):
        values = pd.to_numeric(used[column], errors="coerce")
        if values.isna().any():  # with gaps, the degrees of freedom would be those of other runs
            continue
        residual = values - values.groupby(used["signature"]).transform("mean")
        widths[column] = reach * float(np.sqrt((residual**2).sum() / freedom))
    return Noise(widths, configurations=len(several), runs=len(used))
