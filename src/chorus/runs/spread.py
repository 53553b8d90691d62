"""Does the seed act? Where the spread of the runs of a block comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from chorus.runs.contrasts import apart, varying
from chorus.runs.table import Runs, configurations
from chorus.statistics.components import Component, variance_components

CONFIGURATION, SEED, TRAINING, BLOCK = "configuration", "seed", "configuration and seed", "block"


@dataclass(frozen=True)
class Spread:
    """The components of one block's spread.

    crossed: between configurations, between seeds (whatever a seed does to all configurations
        alike), and the rest. Empty where there are not two configurations and two seeds.
    repeated: where a training was repeated with the same seed: what another seed adds to that
        (`TRAINING`, in its own configuration), and the rest: trainings that were told the same in
        everything. Empty where none was.
    repeats: how many trainings there are beyond the first with the same configuration and seed.
    """

    block: str
    runs: int
    crossed: tuple[Component, ...]
    repeated: tuple[Component, ...]
    repeats: int


def spread(runs: Runs, metric: str, block: str) -> Spread:
    """Where the spread of a block's runs comes from.

    A factor of `Runs.after_training` does not act on a training: runs that differ in it alone were
    trained alike, and are repeats of each other, once the factor's own effect is taken out; so are
    those that differ in an idle factor. (This holds where each run was trained for itself, and not
    where one model was used with several settings.)
    """
    table = _labelled(runs, metric, block)
    repeats = len(table) - table["trained"].nunique()
    several_seeds = table["seed"].nunique() > 1
    crossed: list[Component] = []
    if several_seeds and table["configuration"].nunique() > 1:
        crossed = _crossed(table)
    repeated: list[Component] = []
    if several_seeds and repeats:
        repeated = _repeated(table)
    return Spread(block, len(table), tuple(crossed), tuple(repeated), repeats)


def _crossed(table: pd.DataFrame) -> list[Component]:
    # without a degree of freedom left there is no noise to hold the two against
    if _left(table["configuration"], table["seed"]) < 1:
        return []
    sources = {CONFIGURATION: list(table["configuration"]), SEED: list(table["seed"])}
    return variance_components(table["value"].to_numpy(), sources)


def repeats_of_all(runs: Runs, metric: str) -> Spread:
    """`Spread.repeated` of all blocks in which trainings were repeated, as one: the same spread is supposed in each."""
    used = []
    for block in runs.with_metric(metric).blocks():
        table = _labelled(runs, metric, block)
        # with one seed, what another seed adds cannot be told from the configuration
        if table["seed"].nunique() > 1 and table["trained"].duplicated().any():
            used.append(table)
    if not used:
        return Spread("all", 0, (), (), 0)
    table = pd.concat(used, ignore_index=True)
    repeats = len(table) - table["trained"].nunique()
    blocks = " ".join(table["block"].unique())
    return Spread(blocks, len(table), (), tuple(_repeated(table)), repeats)


@dataclass(frozen=True)
class OfBlock:
    """The runs that one block has of a configuration."""

    block: str
    n: int
    mean: float


@dataclass(frozen=True)
class SameAgain:
    """A configuration that several blocks have."""

    configuration: str
    parts: tuple[OfBlock, ...]

    @property
    def range(self) -> float:
        """From the lowest mean of a block to the highest."""
        means = [part.mean for part in self.parts]
        return max(means) - min(means)


def across_blocks(runs: Runs, metric: str) -> tuple[list[SameAgain], list[Component]]:
    """Configurations that occur in several blocks, and what the block adds to the spread of their runs.

    If all that matters stands in the factors, a block adds nothing: this is what a comparison
    between blocks rests on.
    """
    known = runs.with_metric(metric)
    # a setting that does nothing where it stands makes no other configuration
    settled = known.settled()
    varied = varying(settled.frame, settled.factors)
    frame = settled.frame.assign(configuration=configurations(settled.frame, varied))
    several = frame.groupby("configuration")["block"].transform("nunique") > 1
    frame = frame[several].reset_index(drop=True)
    if frame.empty:
        return [], []
    # Only what these configurations differ in is worth reading.
    frame["short"] = configurations(frame, varying(frame, runs.factors))
    found = []
    for _, same in frame.groupby("configuration", sort=False):
        parts = []
        for block, values in same.groupby("block", sort=False)[metric]:
            parts.append(OfBlock(str(block), len(values), float(values.mean())))
        found.append(SameAgain(str(same["short"].iloc[0]), tuple(parts)))
    cell = frame["configuration"] + " in " + frame["block"]
    if len(frame) <= cell.nunique():  # a run a cell: nothing is left to hold the blocks against
        return found, []
    components = variance_components(
        frame[metric].to_numpy(), {BLOCK: list(cell)}, aside=[list(frame["configuration"])]
    )
    return found, components


def _labelled(runs: Runs, metric: str, block: str) -> pd.DataFrame:
    """value, seed, block, configuration, trained (what a training was told) of each run of a block."""
    known = runs.of(block).with_metric(metric)
    frame = known.frame
    factors, _ = apart(frame, known.factors)
    training = [factor for factor in factors if factor not in runs.after_training]
    trained = configurations(known.settled().frame, training) + ", seed " + frame["seed"]
    return pd.DataFrame(
        {
            "value": frame[metric],
            "seed": frame["seed"],
            "block": block,
            "configuration": block + ": " + configurations(frame, factors),
            "trained": block + ": " + trained,
        }
    )


def _repeated(table: pd.DataFrame) -> list[Component]:
    if _left(table["configuration"], table["trained"]) < 1:
        return []
    sources = {TRAINING: list(table["trained"])}
    return variance_components(
        table["value"].to_numpy(), sources, aside=[list(table["configuration"])]
    )


def _left(one: pd.Series, other: pd.Series) -> int:
    """How many degrees of freedom two additive terms leave: runs less the rank of both together."""
    terms = [pd.get_dummies(labels).to_numpy(dtype=np.float64) for labels in (one, other)]
    return len(one) - int(np.linalg.matrix_rank(np.hstack(terms)))
