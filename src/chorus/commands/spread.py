"""Does the seed act? Where the spread of runs comes from: configurations, seeds, and what is told the same twice.

chorus spread --table data/reference/published_runs.yaml --metric f1

Share: of the variance of single runs that differ in this and in the rest, what this makes up, with
its 95 % interval; p: that it makes up nothing. "Configuration and seed": what another seed adds to
repeats of one training with one seed; given where trainings were repeated (runs that differ only in
a setting of their use, that is taken out, count as repeats). --across: configurations that several
blocks have, and what the block adds beside everything that the table tells.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from chorus.commands.arguments import (
    add_metric,
    add_table_arguments,
    blocks_of,
    metric_of,
    read_table,
)
from chorus.commands.show import between, number, percent, say, show
from chorus.runs.spread import across_blocks, repeats_of_all, spread
from chorus.runs.table import Runs
from chorus.statistics.components import Component

HEADS = ("block", "source", "freedom", "SD", "95 % interval", "share", "95 % interval", "p")
ACROSS = 6  # configurations that --across shows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)
    parser.add_argument(
        "--across", action="store_true", help="the same configuration in several blocks"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the components of each block, and of all repeats together."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    if arguments.across:
        _show_across(runs, metric)
        return
    crossed, repeated = [], []
    for block in blocks_of(arguments, runs):
        found = spread(runs, metric, block)
        crossed += _rows(block, found.crossed)
        repeated += _rows(block, found.repeated)
    if not crossed and not repeated:
        say(
            f"{metric}: there are not two configurations and two seeds, nor a training with more than one seed."
        )
    if crossed:
        show(f"{metric}: configurations and seeds", HEADS, crossed, left=2)
    if repeated:
        pooled = repeats_of_all(runs, metric)
        if not arguments.only:
            repeated += _rows("all of these", pooled.repeated)
        show(f"{metric}: another seed, beside repeats of the same", HEADS, repeated, left=2)
        if not arguments.only:
            say(f"{pooled.repeats} repeats among {pooled.runs} runs of {pooled.block}.")


def _show_across(runs: Runs, metric: str) -> None:
    found, components = across_blocks(runs, metric)
    rows = []
    for again in sorted(found, key=lambda part: -part.range)[:ACROSS]:
        where = ", ".join(f"{part.block} {number(part.mean)} ({part.n})" for part in again.parts)
        rows.append([again.configuration, where, number(again.range)])
    heads = ("configuration", "block, mean (runs)", "range")
    show(
        f"{metric} of one configuration in several blocks: {len(found)} of them, the widest first",
        heads,
        rows,
        left=2,
    )
    if components:
        show(
            f"{metric}: the block, beside runs of one configuration and block",
            HEADS,
            _rows("all", components),
            left=2,
        )


def _rows(block: str, components: Sequence[Component]) -> list[list[str]]:
    rows = []
    name = block  # in the first row alone, as tables are read
    for part in components:
        # the ends are of a variance, and the column is of its root
        sd = [number(part.sd, 4), between(part.low**0.5, part.high**0.5, 4)]
        share = [percent(part.share), _share_interval(part)]
        rows.append([name, part.name, str(part.freedom), *sd, *share, number(part.p)])
        name = ""
    return rows


def _share_interval(part: Component) -> str:
    # A component without degrees of freedom of its own has no share that could be told.
    if math.isnan(part.share):
        return ""
    return f"{percent(part.share_low)} to {percent(part.share_high)}"
