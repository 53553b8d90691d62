"""The effects in any table of runs, block by block: those of `chorus.statistics`, on what the table can answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

import pandas as pd

from chorus.errors import DataError
from chorus.runs.contrasts import NotEstimated, estimate, holm_of_known, questions
from chorus.runs.table import Runs, configurations
from chorus.statistics.effects import SIGNIFICANT, Effect


@dataclass(frozen=True)
class BlockEffects:
    """What one block of runs says about one metric.

    runs, configurations, seeds: how many. repeats: runs that repeat a configuration and a seed;
        they were averaged.
    unknown: runs left out because the metric is not known.
    effects: p_holm is over the contrasts of this block.
    p_holm_all, run_p_holm_all: of each effect, over all contrasts of all blocks that were asked for
        together; by the seeds, and by single runs as though they were independent (NaN where there
        is no `run_p`).
    """

    block: str
    metric: str
    runs: int
    configurations: int
    seeds: int
    repeats: int
    unknown: int
    effects: tuple[Effect, ...]
    p_holm_all: tuple[float, ...]
    run_p_holm_all: tuple[float, ...]
    not_estimated: tuple[NotEstimated, ...]

    def hold(self) -> tuple[bool, ...]:
        """Of each effect, whether it holds in view of all contrasts of all blocks."""
        return tuple(
            effect.holds and adjusted < SIGNIFICANT
            for effect, adjusted in zip(self.effects, self.p_holm_all, strict=True)
        )

    def runs_hold(self) -> tuple[bool, ...]:
        """Of each effect, whether it would hold among all if every run were a witness of its own."""
        return tuple(adjusted < SIGNIFICANT for adjusted in self.run_p_holm_all)


def effects_by_block(runs: Runs, metric: str) -> list[BlockEffects]:
    """Every block's effects on a metric, and their p-values adjusted over all blocks together.

    Raises:
        ParameterError: an unknown metric.
        DataError: no block can answer anything.
    """
    known = runs.with_metric(metric)
    found = [_block(runs.of(block), known, metric, block) for block in known.blocks()]
    every = [effect for block in found for effect in block.effects]
    if not every:
        raise DataError(
            f"{metric}: no two configurations that differ in one factor have two seeds in common"
        )
    # whoever looks through all blocks for an effect has asked all their questions: one adjustment over them
    by_seeds = iter(holm_of_known([effect.p for effect in every]))
    by_runs = iter(holm_of_known([effect.run_p for effect in every]))
    adjusted = []
    for block in found:
        number = len(block.effects)
        adjusted.append(
            replace(
                block,
                p_holm_all=tuple(islice(by_seeds, number)),
                run_p_holm_all=tuple(islice(by_runs, number)),
            )
        )
    return adjusted


def effects_frame(blocks: Sequence[BlockEffects]) -> pd.DataFrame:
    """One row an effect, the seeds' differences in one field."""
    rows = []
    for block in blocks:
        adjusted = zip(block.effects, block.p_holm_all, block.run_p_holm_all, strict=True)
        for effect, everywhere, by_runs in adjusted:
            row = {"block": block.block, "metric": block.metric, **asdict(effect)}
            row["per_seed"] = " ".join(f"{value:.6g}" for value in effect.per_seed)
            row |= {"holds": effect.holds, "p_holm_all": everywhere, "run_p_holm_all": by_runs}
            rows.append(row)
    return pd.DataFrame(rows)


def one_run_each(
    frame: pd.DataFrame, factors: Sequence[str], metric: str
) -> tuple[pd.DataFrame, int]:
    """The mean of the runs that repeat a configuration and a seed, and how many runs were in excess."""
    by = ["seed", *factors]
    means = frame.groupby(by, sort=False, as_index=False)[metric].mean()
    return means, len(frame) - len(means)


def _block(runs: Runs, known: Runs, metric: str, block: str) -> BlockEffects:
    with_metric = known.of(block)
    asked = questions(with_metric.frame, with_metric.factors, with_metric.references)
    frame, repeats = one_run_each(with_metric.frame, asked.factors, metric)
    return BlockEffects(
        block=block,
        metric=metric,
        runs=len(with_metric.frame),
        configurations=configurations(frame, asked.factors).nunique(),
        seeds=frame["seed"].nunique(),
        repeats=repeats,
        unknown=len(runs.frame) - len(with_metric.frame),
        effects=tuple(estimate(frame, metric, asked)),
        p_holm_all=(),
        run_p_holm_all=(),
        not_estimated=asked.not_estimated,
    )
