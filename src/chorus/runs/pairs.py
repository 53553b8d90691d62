"""Two configurations of a table of runs against each other, over their seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from chorus.errors import DataError
from chorus.runs.block_effects import one_run_each
from chorus.runs.leaderboard import find
from chorus.runs.table import Runs, configurations
from chorus.statistics.effects import judge_pairs, sign_flip
from chorus.statistics.intervals import student
from chorus.statistics.paired import holm


@dataclass(frozen=True)
class MetricDifference:
    """A - B in one metric. p_holm: over the metrics. sign_flip_p: NaN where seeds are not paired."""

    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    sign_flip_p: float


@dataclass(frozen=True)
class PairOfConfigurations:
    """names: what each configuration is. how: paired by seed or not. seeds: that count, of each."""

    names: tuple[str, str]
    how: str
    seeds: tuple[int, int]
    metrics: Mapping[str, MetricDifference]


def compare_runs(runs: Runs, a: str, b: str) -> PairOfConfigurations:
    """Compare the configurations of two runs: by the seeds that both have, else as two samples (Welch).

    Raises:
        ParameterError: there is no such run.
        DataError: both are of one configuration, or there are too few seeds.
    """
    of_a, of_b = find(runs, a), find(runs, b)
    if set(of_a["run"]) == set(of_b["run"]):
        raise DataError(f"{a} and {b} are of one configuration: there is nothing to compare")
    shared = sorted(set(of_a["seed"]) & set(of_b["seed"]))
    judge, how = _apart, "no two seeds in common: as two samples"
    counts = (of_a["seed"].nunique(), of_b["seed"].nunique())
    if len(shared) >= 2:
        judge, how = _paired, "paired by seed"
        counts = (len(shared), len(shared))
    found: dict[str, MetricDifference] = {}
    for metric in runs.metrics:
        judged = judge(of_a, of_b, metric)
        if judged is not None:
            found[metric] = judged
    if not found:
        raise DataError(
            f"{a} and {b} have no metric with two seeds in common, nor with two seeds each"
        )
    # each metric is another chance to find something
    adjusted = holm([judged.p for judged in found.values()])
    metrics = {}
    for (metric, judged), p in zip(found.items(), adjusted, strict=True):
        metrics[metric] = replace(judged, p_holm=float(p))
    return PairOfConfigurations(_names(runs, of_a, of_b), how, counts, metrics)


def _names(runs: Runs, of_a: pd.DataFrame, of_b: pd.DataFrame) -> tuple[str, str]:
    """Each side by its first run, and the levels in which the two differ."""
    both = pd.concat([of_a, of_b])
    differ = [factor for factor in ("block", *runs.factors) if both[factor].nunique() > 1]
    name_a, name_b = (
        f"{own['run'].iloc[0]} and its seeds: {configurations(own, differ).iloc[0]}"
        for own in (of_a, of_b)
    )
    return name_a, name_b


def _paired(of_a: pd.DataFrame, of_b: pd.DataFrame, metric: str) -> MetricDifference | None:
    a, b = _by_seed(of_a, metric), _by_seed(of_b, metric)
    # in the order of the seeds: sums of floats must not depend on that of the table
    both = pd.concat([a, b], axis=1, join="inner").dropna().sort_index().to_numpy()
    if len(both) < 2:
        return None
    differences = both[:, 0] - both[:, 1]
    judged = judge_pairs(differences[None])
    mean_a, mean_b = both.mean(axis=0).tolist()
    return MetricDifference(
        a=mean_a,
        b=mean_b,
        difference=float(differences.mean()),
        low=judged.low,
        high=judged.high,
        p=judged.p,
        p_holm=judged.p,
        sign_flip_p=sign_flip(differences),
    )


def _apart(of_a: pd.DataFrame, of_b: pd.DataFrame, metric: str) -> MetricDifference | None:
    a, b = (_by_seed(own, metric).dropna().to_numpy() for own in (of_a, of_b))
    if min(len(a), len(b)) < 2:
        return None
    mean_a, mean_b = float(a.mean()), float(b.mean())
    # Welch (1947): each sample's variance of its mean, with its own degrees of freedom
    parts = [(float(values.var(ddof=1)) / len(values), len(values) - 1) for values in (a, b)]
    low, high, p = student(mean_a - mean_b, *parts, level=0.95)
    return MetricDifference(mean_a, mean_b, mean_a - mean_b, low, high, p, p, float("nan"))


def _by_seed(own: pd.DataFrame, metric: str) -> pd.Series:
    known = own[np.isfinite(own[metric])]
    means, _ = one_run_each(known, [], metric)
    return means.set_index("seed")[metric]
