"""The best configuration of a table of runs, by a metric that may be best where it is lowest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from chorus.metrics.direction import lower_is_better
from chorus.statistics.ranking import Best, judge_best


def best_by(runs: pd.DataFrame, metric: str, *, factors: Sequence[str], **options: Any) -> Best:
    """As `chorus.statistics.judge_best`, but the metric's name says which way is better.

    Args:
        options: of `judge_best`.

    Raises:
        DataError, ParameterError: as there.
    """
    if not lower_is_better(metric):
        return judge_best(runs, metric, factors=factors, **options)
    best = judge_best(runs.assign(**{metric: -runs[metric]}), metric, factors=factors, **options)
    return replace(
        best,
        mean=-best.mean,
        per_seed=tuple(-value for value in best.per_seed),
        shuffled=-best.shuffled,
    )
