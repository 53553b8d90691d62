"""What the seeds of a block can show at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chorus.errors import DataError
from chorus.runs.leaderboard import grid_of
from chorus.runs.table import Runs
from chorus.statistics.effects import run_spread
from chorus.statistics.power import minimal_detectable_difference


@dataclass(frozen=True)
class BlockPower:
    """spread: standard deviation of the difference of two runs of a seed. span: best less worst configuration.

    detectable: the true difference of two configurations that this block's seeds find in 80 % of
    cases; with_seeds: the same with other numbers of seeds.
    """

    seeds: int
    spread: float
    span: float
    detectable: float
    with_seeds: tuple[float, ...]


def block_power(runs: Runs, metric: str, seeds: Sequence[int]) -> BlockPower | None:
    """What a block's seeds can show; None where no two configurations have two seeds in common.

    Args:
        runs: of one block. seeds: other numbers of seeds to ask for.
    """
    try:
        grid, factors = grid_of(runs, metric)
    except DataError:
        return None
    long = grid.stack().rename(metric).reset_index()
    spread = run_spread(long, metric, factors=factors)
    means = grid.mean(axis=1)
    return BlockPower(
        seeds=grid.shape[1],
        spread=spread,
        span=float(means.max() - means.min()),
        detectable=minimal_detectable_difference(spread, grid.shape[1]),
        with_seeds=tuple(minimal_detectable_difference(spread, number) for number in seeds),
    )
