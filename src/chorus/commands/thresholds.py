"""At which thresholds are the best figures? The share of runs whose best threshold lies at an end of the scale.

chorus thresholds --table data/reference/published_runs.yaml --metric threshold
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
from chorus.commands.show import percent, show
from chorus.runs.ends import ends


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)
    parser.add_argument(
        "--low", type=float, default=0.05, metavar="X", help="at most this (default: %(default)s)"
    )
    parser.add_argument(
        "--high", type=float, default=0.95, metavar="X", help="at least this (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print one row a block, and all."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    rows = []
    by_block = ends(runs, metric, arguments.low, arguments.high, blocks_of(arguments, runs))
    for name, found in by_block.items():
        either = found.low + found.high
        shares = (found.low, found.high, either, found.seeds_at_both)
        told = [percent(share, 1) for share in shares]
        rows.append([name, str(found.runs), *told, str(found.configurations)])
    heads = (
        "block",
        "runs",
        f"<= {arguments.low:g}",
        f">= {arguments.high:g}",
        "either",
        "at both",
        "configurations",
    )
    show(f"{metric} at its ends; at both: configurations with runs at either end", heads, rows)
