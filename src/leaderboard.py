"""Collect a grid's experiments and rank them: python src/leaderboard.py [sweeps/stage6.yaml]

Writes runs.csv, leaderboard.csv and comparisons.csv into metrics/<name of the sweep file>/. With one of the options,
which rank in another way than the committed tables do, it only shows; and so it does where committed tables would be
replaced by those of a part of the grid.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import stage

import pandas as pd
from rich.console import Console
from rich.table import Table

from chorus.errors import DataError
from chorus.experiments.leaderboard import aggregate, comparable, compare, one_version, rank
from chorus.experiments.predictions import PredictionStore
from chorus.experiments.study import TARGET, Grid, read_sweep
from chorus.files import write_csv
from chorus.reporting.selection import selection_sentence

SHOWN = ("ood.f1", "ood.precision", "ood.recall", "ood.auprc", "iid.f1")  # the files hold all metrics


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, nargs="?", default=Path("sweeps/stage6.yaml"), help="a file in sweeps/")
    parser.add_argument("--rank-by", metavar="METRIC", help="such as ood.auprc (default: what the sweep file says)")
    parser.add_argument("--min-precision", type=float, help="leave out configurations with a lower OOD precision")
    parser.add_argument("--stability-weight", type=float, default=0.0, help="rank by mean - weight x SD (default: 0)")
    parser.add_argument(
        "--mixed", action="store_true", help="allow, and mark, runs of several versions of code or data"
    )
    arguments = parser.parse_args()
    grid = Grid(Path(), read_sweep(arguments.sweep), target=TARGET)
    runs = grid.table(grid.latest())
    if runs.empty:
        raise DataError(f"no run of this grid is done: python src/sweep.py {arguments.sweep}")
    if not arguments.mixed:
        one_version(runs)
    board = rank(
        aggregate(runs),
        arguments.rank_by or grid.rank_by,
        min_precision=arguments.min_precision,
        stability_weight=arguments.stability_weight,
    )
    comparisons = compare(runs, comparable(runs, grid.comparisons))
    as_kept = arguments.rank_by in (None, grid.rank_by) and arguments.min_precision is None
    folder = stage.METRICS / arguments.sweep.stem
    reason = grid.not_over(len(runs), folder)
    if as_kept and not arguments.stability_weight and not arguments.mixed and not reason:
        write_csv(folder / "runs.csv", runs)
        write_csv(folder / "leaderboard.csv", board)
        write_csv(folder / "comparisons.csv", comparisons)
    console = Console()
    show_board(console, board, grid.start.version)
    show_comparisons(console, comparisons)
    if len(board) and arguments.min_precision is None and not arguments.stability_weight:
        ranked_by = arguments.rank_by or grid.rank_by
        sentence = selection_sentence(runs, board, ranked_by, grid.axes, grid.judges, predictions(grid, runs))
        console.print(sentence, highlight=False)
    missing = len(grid.runs) - len(runs)
    console.print(
        ("1 run" if len(runs) == 1 else f"{len(runs)} runs")
        + (f"; {missing} of the grid are not done" if missing else "")
    )
    for remark in [*([reason] if as_kept and reason else []), *grid.remarks(set(runs["version"]))]:
        console.print(remark, highlight=False)


def predictions(grid: Grid, runs: pd.DataFrame) -> pd.DataFrame | str:
    """The predictions of all runs, or why they are not at hand."""
    try:
        return PredictionStore(Path()).together(grid.behind(runs))
    except DataError as error:
        return str(error)


def show_board(console: Console, board: pd.DataFrame, version: str) -> None:
    """The headline metrics, mean and SD over seeds; what is not of the current code and data alone is marked."""
    table = Table("", "configuration", "n", *(metric.replace(".", " ") for metric in SHOWN), box=None)
    marked = board["versions"] != version
    for place, (row, mark) in enumerate(zip(board.to_dict("records"), marked, strict=True), start=1):
        figures = [spell(row[f"{metric}__mean"], row[f"{metric}__std"]) for metric in SHOWN]
        table.add_row(str(place), str(row["configuration"]) + (" *" if mark else ""), str(row["n"]), *figures)
    console.print(table)
    if marked.any():
        console.print("* from another version of code or data than the current one")


def spell(mean: float, std: float) -> str:
    """A mean with its standard deviation over seeds; a single seed has none."""
    return f"{mean:.3f}" if math.isnan(std) else f"{mean:.3f} ±{std:.3f}"


def show_comparisons(console: Console, comparisons: pd.DataFrame) -> None:
    """Two configurations and the difference, pair by pair."""
    shown = [column for column in ("positives", "negatives", *SHOWN) if column in comparisons]
    for name, rows in comparisons.groupby("comparison", sort=False) if len(comparisons) else ():
        title = f"{name}: {rows['shows'].iloc[0]}".rstrip(": ")
        table = Table("", *(column.replace(".", " ") for column in shown), title=title, title_justify="left", box=None)
        for row in rows.to_dict("records"):
            figures = [f"{row[column]:.0f}" if column.endswith("tives") else f"{row[column]:.3f}" for column in shown]
            table.add_row(str(row["configuration"] or row["side"]), *figures)
        console.print(table)


stage.run(main)
