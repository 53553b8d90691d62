"""How much of being first is luck: the best of many configurations looks better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError, ParameterError
from chorus.seeds import generator
from chorus.statistics.effects import SIGNIFICANT, judge_pairs, whole_grid
from chorus.statistics.paired import holm


@dataclass(frozen=True)
class Best:
    """The configuration with the best mean over the seeds.

    levels: its factors. per_seed: by rising seed. others: how many configurations it beats.
    behind: how many of these it beats for certain (paired t test over the seeds, Holm-adjusted). The winner was chosen
        by these very runs, so that even this is flattered.
    shuffled: median of the best mean when each seed's runs are dealt to the configurations at random.
    p: how often that best is at least as good. It supposes that, were all configurations equal, each run of a seed
        could as well have been any other's.
    """

    levels: tuple[str, ...]
    mean: float
    per_seed: tuple[float, ...]
    others: int
    behind: int
    shuffled: float
    p: float


@dataclass(frozen=True)
class Again:
    """Would the configuration with the highest mean come out first again, were the whole experiment run again?

    as_seen: how often, if the means that were seen were the true ones. They are not: the highest of many is flattered.
    shrunk: how often, if the true means lie as far from their average as the spread between configurations says that
        they do (each mean shrunk by its reliability). 1 / configurations where that spread is none.
    winners: how many configurations come out first in at least 1 % of the shrunk experiments.
    reliability: the share of the spread of the means that is no luck.
    """

    configurations: int
    as_seen: float
    shrunk: float
    winners: int
    reliability: float


def best_again(groups: Sequence[Sequence[float]], *, resamples: int = 2000, seed: int = 1) -> Again:
    """Run the experiment again many times: each mean plus the mean of as many residuals, drawn from those of all.

    A configuration's own three runs are too few to draw from; the residuals of all configurations are pooled, each
    widened by sqrt(n / (n - 1)), because a mean lies too close to the runs that it is taken from.

    Args:
        groups: the runs of each configuration.
        resamples: experiments.

    Raises:
        DataError: fewer than two configurations, or none with two runs.
        ParameterError: no resamples.
    """
    if resamples < 1:
        raise ParameterError(f"resamples: {resamples} is not allowed: at least 1")
    runs = [np.asarray(group, dtype=np.float64) for group in groups]
    several = [group for group in runs if len(group) > 1]
    if len(runs) < 2 or not several:
        raise DataError(
            "to run an experiment again needs two configurations, and two runs of one of them"
        )
    widened = [(each - each.mean()) * np.sqrt(len(each) / (len(each) - 1)) for each in several]
    residuals = np.concatenate(widened)
    means = np.array([group.mean() for group in runs])
    sizes = np.array([len(group) for group in runs])
    rng = generator(seed, "the experiment again")
    drawn = [rng.choice(residuals, (resamples, size)).mean(axis=1) for size in sizes]
    luck = np.stack(drawn, axis=1)
    kept = _reliability(means, sizes, several)
    shrunk = means.mean() + kept * (means - means.mean())
    first = int(np.argmax(means))
    winners = np.argmax(shrunk + luck, axis=1)
    counts = np.bincount(winners, minlength=len(runs))
    return Again(
        configurations=len(runs),
        as_seen=float(np.mean(np.argmax(means + luck, axis=1) == first)),
        shrunk=float(counts[first] / resamples),
        winners=int(np.sum(counts >= resamples / 100)),
        reliability=float(np.mean(kept)),
    )


def _reliability(
    means: NDArray[np.float64], sizes: NDArray[np.int64], several: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Of each mean, the share of its variance that is between configurations and no luck of single runs."""
    noise = sum(float(group.var(ddof=1)) * (len(group) - 1) for group in several)
    noise /= sum(len(group) - 1 for group in several)
    # runs of a configuration that all agree leave nothing to luck
    if noise <= 0:
        return np.ones(len(sizes))
    # what the means vary, less what luck lets them vary: not below 0, as a variance is not
    between = max(float(means.var(ddof=1)) - noise * float(np.mean(1 / sizes)), 0.0)
    kept: NDArray[np.float64] = between / (between + noise / sizes)
    return kept


def judge_best(
    runs: pd.DataFrame,
    metric: str,
    *,
    factors: Sequence[str],
    lowest_is_best: bool = False,
    shuffles: int = 10_000,
    seed: int = 1,
) -> Best:
    """The best configuration (of those with every seed), and what luck alone would make of it.

    Args:
        runs, metric, factors: as for `chorus.statistics.matched_effects`.
        lowest_is_best: the metric is an error or a loss (`chorus.metrics.direction`).

    Raises:
        DataError: see `matched_effects`; or fewer than two configurations have every seed.
        ParameterError: no shuffles.
    """
    if shuffles < 1:
        raise ParameterError(f"shuffles: {shuffles} is not allowed: at least 1")
    grid = whole_grid(runs, metric, factors)
    sign = -1.0 if lowest_is_best else 1.0
    values = sign * grid.to_numpy()  # (configurations, seeds), the highest the best
    first = int(np.argmax(values.mean(axis=1)))
    beaten = np.delete(values, first, axis=0)
    p_values = holm([judge_pairs((values[first] - row)[None]).p for row in beaten])
    rng = generator(seed, "shuffled configurations")
    # seed by seed: a seed that is better for all configurations makes none of them the best
    bests = np.array([rng.permuted(values, axis=0).mean(axis=1).max() for _ in range(shuffles)])
    # deals that come to the seen mean in another order of adding count as good as it
    as_good = int(np.sum(bests >= values[first].mean() - 1e-12))
    return Best(
        levels=tuple(grid.reset_index().loc[first, list(factors)]),
        mean=float(sign * values[first].mean()),
        per_seed=tuple((sign * values[first]).tolist()),
        others=len(beaten),
        behind=int(np.sum(p_values < SIGNIFICANT)),
        shuffled=float(sign * np.median(bests)),
        # the deal that was seen is one of the possible ones, so that p is never 0
        p=(1 + as_good) / (1 + shuffles),
    )
