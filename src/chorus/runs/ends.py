"""Figures that lie at an end of their scale, such as best thresholds of 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from chorus.errors import DataError
from chorus.runs.table import Runs, configurations

ALL = "all"


@dataclass(frozen=True)
class Ends:
    """low, high: shares of runs at either end. seeds_at_both: the share of configurations (of those with several runs)
    that have a run at either end. configurations: of how many."""

    runs: int
    low: float
    high: float
    seeds_at_both: float
    configurations: int


def ends(
    runs: Runs, metric: str, low: float, high: float, blocks: Sequence[str]
) -> dict[str, Ends]:
    """The shares at both ends, block by block (of blocks with more than two runs), and of all of these blocks.

    Args:
        low, high: what counts as an end: at most, at least.

    Raises:
        DataError: there are no runs.
    """
    found: dict[str, Ends] = {}
    frames = []
    for block in blocks:
        of_block = runs.of(block).with_metric(metric)
        # with the block's name: where the same levels stand in two blocks, they are two configurations
        named = of_block.frame.assign(
            configuration=block + configurations(of_block.frame, of_block.factors)
        )
        frames.append(named)
        if len(named) > 2:
            found[block] = _ends(named, metric, low, high)
    every = pd.concat(frames)
    if every.empty:
        raise DataError(f"{metric}: there are no runs with it")
    return found | {ALL: _ends(every, metric, low, high)}


def _ends(frame: pd.DataFrame, metric: str, low: float, high: float) -> Ends:
    at_low, at_high = frame[metric] <= low, frame[metric] >= high
    by = pd.DataFrame({"configuration": frame["configuration"], "low": at_low, "high": at_high})
    grouped = by.groupby("configuration")
    several = grouped.size() > 1
    both = (grouped["low"].any() & grouped["high"].any())[several]
    share = float(both.mean()) if several.any() else float("nan")
    return Ends(len(frame), float(at_low.mean()), float(at_high.mean()), share, int(several.sum()))
