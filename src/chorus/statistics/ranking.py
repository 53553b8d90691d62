"""How much of being first is luck: the best of many configurations looks better than it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from chorus.errors import ParameterError
from chorus.seeds import generator
from chorus.statistics.effects import FACTORS, SIGNIFICANT, judge_pairs, whole_grid
from chorus.statistics.paired import holm


@dataclass(frozen=True)
class Best:
    """The configuration with the highest mean over the seeds.

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


def judge_best(
    runs: pd.DataFrame, metric: str, *, factors: Sequence[str] = FACTORS, shuffles: int = 10_000, seed: int = 1
) -> Best:
    """The best configuration (of those with every seed), and what luck alone would make of it.

    Args:
        runs, metric, factors: as for `chorus.statistics.matched_effects`.

    Raises:
        DataError: see `matched_effects`; or fewer than two configurations have every seed.
        ParameterError: no shuffles.
    """
    if shuffles < 1:
        raise ParameterError(f"shuffles: {shuffles} is not allowed: at least 1")
    grid = whole_grid(runs, metric, factors)
    values = grid.to_numpy()  # (configurations, seeds)
    first = int(np.argmax(values.mean(axis=1)))
    p_values = holm([judge_pairs((values[first] - row)[None]).p for i, row in enumerate(values) if i != first])
    rng = generator(seed, "shuffled configurations")
    bests = np.array([rng.permuted(values, axis=0).mean(axis=1).max() for _ in range(shuffles)])
    as_good = int(np.sum(bests >= values[first].mean() - 1e-12))
    return Best(
        levels=tuple(grid.reset_index().loc[first, list(factors)]),
        mean=float(values[first].mean()),
        per_seed=tuple(float(value) for value in values[first]),
        others=len(values) - 1,
        behind=int(np.sum(p_values < SIGNIFICANT)),
        shuffled=float(np.median(bests)),
        p=(1 + as_good) / (1 + shuffles),
    )
