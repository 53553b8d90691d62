"""What could so many seeds have shown? The smallest difference that is found in 80 % of cases, block by block.

chorus power --table data/reference/published_runs.yaml --metric f1

For two configurations that are compared seed by seed; from the spread of single runs that is left
when the means of configurations and of seeds are taken out. Range: between the best and the worst
configuration that have all seeds.
"""

from __future__ import annotations

import argparse

from chorus.commands.arguments import (
    add_metric,
    add_table_arguments,
    blocks_of,
    metric_of,
    read_table,
)
from chorus.commands.show import number, say, show
from chorus.runs.power import block_power

SEEDS = (3, 5, 10, 20)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print one row a block."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    rows = []
    for block in blocks_of(arguments, runs):
        found = block_power(runs.of(block), metric, SEEDS)
        if found is None:
            continue
        own = [str(found.seeds), number(found.spread), number(found.span), number(found.detectable)]
        rows.append([block, *own, *map(number, found.with_seeds)])
    if not rows:
        say(f"{metric}: no two configurations have all seeds, or there is one seed only.")
        return
    heads = (
        "block",
        "seeds",
        "SD of a difference",
        "range",
        "detectable",
        *(f"{n} seeds" for n in SEEDS),
    )
    show(f"What seeds can show in {metric}", heads, rows)
