"""How far two runs lie apart that differ in their seed only: a difference below that says nothing about a change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chorus.experiments.grid import METRICS

LEVEL = 0.95
THRESHOLD = "threshold"
_NAMES = {metric.replace(".", "_"): metric for metric in METRICS} | {THRESHOLD: THRESHOLD}


@dataclass(frozen=True)
class Noise:
    """What seeds alone do.

    widths: metric, named as in metrics/evaluation.json (ood_f1) -> what 95 % of the differences between two single
        runs of one configuration stay below.
    configurations, runs: that the estimate rests on.
    """

    widths: dict[str, float]
    configurations: int
    runs: int


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
    for name, column in _NAMES.items():
        values = pd.to_numeric(used[column], errors="coerce") if column in used else pd.Series(dtype=float)
        if len(values) and values.notna().all():
            residual = values - values.groupby(used["signature"]).transform("mean")
            widths[name] = reach * float(np.sqrt((residual**2).sum() / freedom))
    return Noise(widths, configurations=len(several), runs=len(used))
