"""Which configuration is best, and would it be best again? Mean and SD over seeds, of a sweep or any table.

chorus leaderboard stage6
chorus leaderboard --table data/reference/published_runs.yaml --metric f1 --only stage6 --top 5

Of a sweep it collects the experiments and writes runs.csv, leaderboard.csv and comparisons.csv into
metrics/<name>/. With an option that ranks in another way than these tables do it only shows; and so
it does where committed tables would be replaced by those of a part of the grid.

Of a table of runs it ranks block by block. Told apart: from how many of the others (paired t over
the seeds, Holm). Dealt: the median of the best mean when each seed's runs are dealt to the
configurations at random, and how often that is at least as good. First again: in how many of many
experiments run anew the same configuration comes out first, if the means that were seen are the
true ones, and if they are shrunk by what of their spread is luck.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from chorus.commands.arguments import (
    OF_COLUMNS,
    add_metric,
    add_sweep_or_table,
    blocks_of,
    metric_of,
    read_table,
    refuse_for_a_sweep,
    refuse_for_a_table,
)
from chorus.commands.here import open_grid, sweep_file
from chorus.commands.show import number, percent, plain, say, show
from chorus.errors import DataError
from chorus.files import write_csv
from chorus.paths import sweep_tables
from chorus.runs.leaderboard import Board, board

if TYPE_CHECKING:
    import pandas as pd

    from chorus.experiments.plan import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_sweep_or_table(parser)
    add_metric(parser)
    parser.add_argument(
        "--top",
        type=int,
        metavar="N",
        help="rows of a leaderboard (default: 3 of a table's blocks)",
    )
    parser.add_argument(
        "--summary",
        action="store_true",
        help="of a table: one row a block, without the leaderboards",
    )
    of_sweep = parser.add_argument_group("of a sweep")
    of_sweep.add_argument(
        "--min-precision", type=float, help="leave out configurations with a lower precision"
    )
    of_sweep.add_argument(
        "--stability-weight", type=float, help="rank by mean - weight x SD (default: 0)"
    )
    of_sweep.add_argument(
        "--mixed",
        action="store_true",
        help="allow, and mark, runs of several versions of code or data",
    )


def run(arguments: argparse.Namespace) -> None:
    """Rank, and judge the first place."""
    if arguments.sweep:
        refuse_for_a_sweep(arguments, "summary", "only", "table", "runs", "metrics", *OF_COLUMNS)
        _of_sweep(arguments)
    else:
        refuse_for_a_table(arguments, "min_precision", "stability_weight", "mixed")
        _of_table(arguments)


def _of_sweep(arguments: argparse.Namespace) -> None:
    from chorus.experiments.grid_tables import one_version, tables
    from chorus.experiments.predictions import predicted
    from chorus.experiments.report import chosen

    file = sweep_file(arguments.sweep)
    grid = open_grid(file)
    runs = grid.table(grid.latest())
    if runs.empty:
        raise DataError(f"no run of this grid is done: chorus sweep {arguments.sweep}")
    if not arguments.mixed:
        one_version(runs)
    ranked_by = arguments.metric or grid.plan.rank_by
    weight, least = arguments.stability_weight or 0.0, arguments.min_precision
    found = tables(runs, grid.plan, rank_by=ranked_by, min_precision=least, stability_weight=weight)
    # The kept tables are of one rule, that of the sweep's file: reports and reviews read them and know no other.
    as_kept = ranked_by == grid.plan.rank_by and least is None and not weight
    folder = sweep_tables(file.stem)
    reason = grid.not_over(len(runs), folder)
    if as_kept and not arguments.mixed and not reason:
        write_csv(folder / "runs.csv", runs)
        write_csv(folder / "leaderboard.csv", found.board)
        write_csv(folder / "comparisons.csv", found.comparisons)
    shown = _shown(runs, grid.plan, ranked_by)
    _show_board(found.board.head(arguments.top or len(found.board)), shown, grid.start.version)
    _show_comparisons(found.comparisons, shown)
    if len(found.board) and least is None and not weight:
        predictions = predicted(grid, runs)
        say(chosen(grid.plan, runs, found.board, grid.judges, predictions, ranked_by))
    say(_counted(len(runs), len(grid.runs) - len(runs)))
    if as_kept and reason:
        say(reason)
    for remark in grid.remarks(set(runs["version"])):
        say(remark)


def _counted(done: int, missing: int) -> str:
    counted = f"{done} runs"
    if done == 1:
        counted = "1 run"
    if not missing:
        return counted
    return f"{counted}; {missing} of the grid are not done"


def _shown(runs: pd.DataFrame, plan: Plan, ranked_by: str) -> list[str]:
    """The metric that ranks, and those beside it; the files hold all."""
    from chorus.reports.tables import told

    return [ranked_by, *told(runs, ranked_by, plan.metrics, plan.factors).beside]


def _show_board(table: pd.DataFrame, metrics: list[str], version: str) -> None:
    """Mean and SD over seeds; what is not of the current code and data alone is marked."""
    marked = table["versions"] != version
    rows: list[list[str]] = []
    for row, is_marked in zip(table.to_dict("records"), marked, strict=True):
        name = str(row["configuration"])
        if is_marked:
            name += " *"
        figures = [_spell(row[f"{metric}__mean"], row[f"{metric}__std"]) for metric in metrics]
        rows.append([str(len(rows) + 1), name, str(row["n"]), *figures])
    plain(["", "configuration", "n", *metrics], rows)
    if marked.any():
        say("* from another version of code or data than the current one")


def _spell(mean: float, std: float) -> str:
    """A mean with its standard deviation over seeds; a single seed has none."""
    if math.isnan(std):
        return f"{mean:.3f}"
    return f"{mean:.3f} ±{std:.3f}"


def _show_comparisons(comparisons: pd.DataFrame, metrics: list[str]) -> None:
    """Two configurations and the difference, pair by pair."""
    counts = [column for column in ("positives", "negatives") if column in comparisons]
    shown = [metric for metric in metrics if metric in comparisons]
    if comparisons.empty:  # then there is no column to group by
        return
    for name, group in comparisons.groupby("comparison", sort=False):
        rows = []
        for row in group.to_dict("records"):
            figures = [f"{row[column]:.0f}" for column in counts]
            figures += [f"{row[column]:.3f}" for column in shown]
            rows.append([str(row["configuration"] or row["side"]), *figures])
        say(f"{name}: {group['shows'].iloc[0]}".rstrip(": "))
        plain(["", *counts, *shown], rows)


def _of_table(arguments: argparse.Namespace) -> None:
    runs = read_table(arguments)
    metric = metric_of(arguments, runs)
    judged = []
    for block in blocks_of(arguments, runs):
        of_block = runs.of(block).with_metric(metric)
        if of_block.frame.empty:
            continue
        found = board(of_block, metric)
        if not arguments.summary:
            _show_block(block, found, metric, of_block.metrics, arguments.top or 3)
        if found.again is not None:
            judged.append(_judged(block, found, metric))
    if judged:
        heads = (
            "block",
            "configurations",
            "best",
            "told apart from",
            "dealt",
            "p",
            "first again",
            "shrunk",
            "winners",
        )
        show(f"The first places by {metric}", heads, judged)


def _show_block(block: str, found: Board, metric: str, metrics: tuple[str, ...], top: int) -> None:
    # Four fit beside a configuration's name; the one that ranks comes first.
    shown = list(dict.fromkeys([metric, *metrics]))[:4]
    rows = []
    for row in found.table.head(top).to_dict("records"):
        figures = []
        for name in shown:
            # a metric that no run of the block has is no column of its leaderboard
            figure = f"{number(row.get(f'{name}__mean'))} ±{number(row.get(f'{name}__std'))}"
            figures.append(figure.rstrip("±").rstrip())
        rows.append([str(row["configuration"]), str(row["n"]), *figures])
    show(f"{block}: {len(found.table)} configurations", ("configuration", "n", *shown), rows)


def _judged(block: str, found: Board, metric: str) -> list[str]:
    best, again = found.best, found.again
    assert again is not None
    top = number(found.table[f"{metric}__mean"].iloc[0])
    # With one seed nothing can be told apart; how often it would be first again can still be said.
    told = ["", "", ""]
    if best:
        told = [f"{best.behind} of {best.others}", number(best.shuffled), number(best.p)]
    chances = [percent(again.as_seen), percent(again.shrunk), str(again.winners)]
    return [block, str(again.configurations), top, *told, *chances]
