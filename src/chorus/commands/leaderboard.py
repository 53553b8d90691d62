"""Which configuration is best, and would it be best again? Mean and sample SD over runs, block by block.

chorus leaderboard --table data/reference/published_runs.yaml --metric f1 --only stage6 --top 5

Told apart: from how many of the others (paired t over the seeds, Holm). Dealt: the median of the
best mean when each seed's runs are dealt to the configurations at random, and how often that is at
least as good. First again: in how many of many experiments run anew the same configuration comes
out first, if the means that were seen are the true ones, and if they are shrunk by what of their
spread is luck.
"""

from __future__ import annotations

import argparse

from chorus.commands.arguments import add_metric, add_table_arguments, blocks_of, metric_of, read_table
from chorus.commands.show import number, percent, show
from chorus.runs.leaderboard import Board, board


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    add_metric(parser)
    parser.add_argument(
        "--top", type=int, default=3, metavar="N", help="rows of each leaderboard (default: %(default)s)"
    )
    parser.add_argument("--summary", action="store_true", help="one row a block, without the leaderboards")


def run(arguments: argparse.Namespace) -> None:
    """Rank every block, and judge its first place."""
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    judged = []
    for block in blocks_of(arguments, runs):
        of_block = runs.of(block).with_metric(metric)
        if of_block.frame.empty:
            continue
        found = board(of_block, metric)
        if not arguments.summary:
            _show(block, found, metric, of_block.metrics, arguments.top)
        if found.again is not None:
            judged.append(_judged(block, found, metric))
    if judged:
        heads = ("block", "configurations", "best", "told apart from", "dealt", "p", "first again", "shrunk", "winners")
        show(f"The first places by {metric}", heads, judged)


def _show(block: str, found: Board, metric: str, metrics: tuple[str, ...], top: int) -> None:
    shown = [metric, *(other for other in metrics if other != metric)][:4]
    rows = []
    for row in found.table.head(top).to_dict("records"):
        figures = [f"{number(row[f'{m}__mean'])} ±{number(row[f'{m}__std'])}".rstrip("±").rstrip() for m in shown]
        rows.append([str(row["configuration"]), str(row["n"]), *figures])
    show(f"{block}: {len(found.table)} configurations", ("configuration", "n", *shown), rows)


def _judged(block: str, found: Board, metric: str) -> list[str]:
    best, again = found.best, found.again
    assert again is not None
    top = number(found.table[f"{metric}__mean"].iloc[0])
    told = [f"{best.behind} of {best.others}", number(best.shuffled), number(best.p)] if best else ["", "", ""]
    chances = [percent(again.as_seen), percent(again.shrunk), str(again.winners)]
    return [block, str(again.configurations), top, *told, *chances]
