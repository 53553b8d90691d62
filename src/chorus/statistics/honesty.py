"""How honest our intervals and tests are on given runs: tried on real runs, which know no formula.

Where a configuration has many seeds, what a few of them say can be compared with what all say.
Where runs are dealt to the configurations at random, no factor does anything, and whatever is found
is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from chorus.errors import ParameterError
from chorus.seeds import generator
from chorus.statistics.effects import SIGNIFICANT, judge_pairs
from chorus.statistics.paired import holm
from chorus.statistics.summary import SeedSummary, seed_summary

Floats = NDArray[np.float64]
Pairs = Sequence[tuple[int, int]]

MOST_DRAWS = 5000  # up to here all choices of seeds are tried, beyond it as many random ones


@dataclass(frozen=True)
class Coverage:
    """How often the t interval from a few seeds holds the mean of all.

    drawn, seeds: so many of so many. draws: how many choices of seeds, each tried with every
        configuration.
    covered: the share. as_sampled: the share where the interval is shrunk by sqrt(1 - drawn /
        seeds), which is right for a choice without repetition out of so few; a normal distribution
        would give the level of the interval.
    by_configuration: of `as_sampled`, over the configurations. half_width: the median half width of
        the interval.
    spread: standard deviation over the seeds, pooled over configurations.
    """

    drawn: int
    seeds: int
    draws: int
    covered: float
    as_sampled: float
    by_configuration: SeedSummary
    half_width: float
    spread: float


@dataclass(frozen=True)
class FalsePositives:
    """What is found when runs are dealt to the configurations at random, in each seed for itself.

    contrasts: in the family. times: deals. single: the share of contrasts with p below 0.05.
    family: of families with a Holm-adjusted p below 0.05. holds: of families with an effect that
    "holds". runs: of contrasts with a `run_p` below 0.05, which counts every run as a
    witness (NaN with one pair a seed, where there is none).
    """

    contrasts: int
    seeds: int
    times: int
    single: float
    family: float
    holds: float
    runs: float


def interval_coverage(
    values: Floats, drawn: int, *, level: float = 0.95, seed: int = 1
) -> Coverage:
    """Draw some seeds of each configuration, and see whether their interval holds the mean of all its seeds.

    Args:
        values: (configurations, seeds). drawn: how many seeds, at least 2 and fewer than there are.
        seed: of the draws, where there are too many choices to try all.

    Raises:
        ParameterError: so many seeds cannot be drawn.
    """
    seeds = values.shape[1]
    if not 2 <= drawn < seeds:
        raise ParameterError(
            f"drawn: {drawn} is not allowed: from 2 to {seeds - 1}, of {seeds} seeds"
        )
    chosen = _choices(seeds, drawn, seed)
    # seeds drawn out of so few share some with all of them: their mean lies nearer than the formula supposes
    factor = np.sqrt(1 - drawn / seeds)
    covered = np.empty((len(values), len(chosen)))
    as_sampled = np.empty_like(covered)
    reach = np.empty_like(covered)
    for row, of_configuration in enumerate(values):
        truth = of_configuration.mean()
        for column, which in enumerate(chosen):
            found = seed_summary(of_configuration[which], level=level)
            half = found.ci_high - found.mean
            off = abs(found.mean - truth)
            covered[row, column] = off <= half
            as_sampled[row, column] = off <= half * factor
            reach[row, column] = half
    return Coverage(
        drawn=drawn,
        seeds=seeds,
        draws=len(chosen),
        covered=float(covered.mean()),
        as_sampled=float(as_sampled.mean()),
        by_configuration=seed_summary(as_sampled.mean(axis=1), level=level),
        half_width=float(np.median(reach)),
        spread=float(np.sqrt(values.var(axis=1, ddof=1).mean())),
    )


def false_positives(
    values: Floats,
    contrasts: Sequence[Pairs],
    *,
    times: int = 500,
    drawn: int | None = None,
    seed: int = 1,
) -> FalsePositives:
    """Deal each seed's runs to the configurations at random, and test the contrasts as `matched_effects` does.

    Args:
        values: (configurations, seeds). contrasts: of each the matched rows of `values`, (level,
            reference). times: deals. drawn: seeds to use, other ones in each deal; None: all.

    Raises:
        ParameterError: no contrasts, no deals, or so many seeds cannot be drawn.
    """
    seeds = values.shape[1]
    used = seeds if drawn is None else drawn
    if times < 1 or not contrasts:
        raise ParameterError(
            f"times: {times}, contrasts: {len(contrasts)} are not allowed: at least 1"
        )
    if not 2 <= used <= seeds:
        raise ParameterError(f"drawn: {used} is not allowed: from 2 to {seeds}, of {seeds} seeds")
    rng = generator(seed, "dealt runs")
    rows = [np.asarray(pairs) for pairs in contrasts]
    p_values, run_p = np.empty((times, len(rows))), np.empty((times, len(rows)))
    for deal in range(times):
        columns = rng.permutation(seeds)[:used]
        # column by column: what a seed does to all of its runs stays theirs, as it would be in a grid
        dealt = rng.permuted(values[:, columns], axis=0)
        for number, pairs in enumerate(rows):
            judged = judge_pairs(dealt[pairs[:, 0]] - dealt[pairs[:, 1]])
            p_values[deal, number], run_p[deal, number] = judged.p, judged.run_p
    adjusted = np.array([holm(row) for row in p_values])
    # NaN with one pair a seed: then nothing objects, as in Effect.holds
    stands_out = ~(run_p >= SIGNIFICANT)
    return FalsePositives(
        contrasts=len(rows),
        seeds=used,
        times=times,
        single=float(np.mean(p_values < SIGNIFICANT)),
        family=float(np.mean((adjusted < SIGNIFICANT).any(axis=1))),
        holds=float(np.mean(((adjusted < SIGNIFICANT) & stands_out).any(axis=1))),
        runs=_share_below(run_p),
    )


def _share_below(p_values: Floats) -> float:
    known = p_values[~np.isnan(p_values)]
    if not len(known):
        return float("nan")
    return float(np.mean(known < SIGNIFICANT))


def _choices(seeds: int, drawn: int, seed: int) -> list[NDArray[np.int64]]:
    """All choices of some seeds, or many at random where there are too many."""
    if comb(seeds, drawn) <= MOST_DRAWS:
        return [np.array(which) for which in combinations(range(seeds), drawn)]
    rng = generator(seed, "drawn seeds")
    return [np.sort(rng.permutation(seeds)[:drawn]) for _ in range(MOST_DRAWS)]
