"""How honest are our intervals and tests on these very runs? A few seeds against many, and runs dealt at random.

chorus coverage --table data/reference/published_runs.yaml --metric f1 --only stage18

Coverage: every choice of so many seeds of a configuration gives a 95 % interval; how often does it
hold the mean of all its seeds? (As sampled: with the interval shrunk as is right for a choice out
of so few.) False positives: each seed's runs are dealt to the configurations at random, so that no
factor does anything; how often is something found?
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
from chorus.commands.show import between, number, percent, say, show
from chorus.runs.honesty import coverage_of, dealt

DRAWN = (2, 3, 5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)
    parser.add_argument(
        "--times", type=int, default=300, metavar="N", help="deals (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the coverage where a block has more than three seeds, and the false positives of every block."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    covered, found = [], []
    for block in blocks_of(arguments, runs):
        of_block = runs.of(block)
        for few in DRAWN:
            if (judged := coverage_of(of_block, metric, few)) is None:
                continue
            shares = [percent(judged.covered, 1), percent(judged.as_sampled, 1)]
            # The draws of one configuration share their seeds: the uncertainty is that over configurations.
            by = judged.by_configuration
            of = f"{few} of {judged.seeds}"
            # Student's t knows no end of the scale; a share has one
            spread = between(100 * by.ci_low, 100 * min(by.ci_high, 1.0), 1)
            covered.append(
                [block, of, str(judged.draws * by.n), *shares, spread, number(judged.half_width)]
            )
        # as many as most grids have, ours too, and all that there are
        for drawn in (3, None):
            if (false := dealt(of_block, metric, drawn, times=arguments.times)) is None:
                continue
            counts = map(str, (false.seeds, false.contrasts, false.times))
            rates = (false.single, false.family, false.holds, false.runs)
            found.append([block, *counts, *(percent(share, 1) for share in rates)])
    if not covered and not found:
        say(f"{metric}: no block has two configurations that share their seeds.")
    if covered:
        heads = (
            "block",
            "seeds",
            "intervals",
            "covered",
            "as sampled",
            "% over configurations",
            "half width",
        )
        show(f"Coverage of 95 % intervals of the mean {metric}", heads, covered)
    if found:
        columns = (
            "block",
            "seeds",
            "contrasts",
            "deals",
            "p < 0.05",
            "Holm, any",
            "holds, any",
            "run p < 0.05",
        )
        show(f"False positives in {metric} when runs are dealt at random", columns, found)
