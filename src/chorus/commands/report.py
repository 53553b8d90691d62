"""The report of a grid as one page: chorus report stage6

Reads metrics/<name>/runs.csv (chorus leaderboard writes it) and the predictions of the experiments, where they are on
this machine. Writes reports/<name>.html, which needs no other file, plots/<name>/, and the list of how often each test
clip is wrong, metrics/<name>/hardest.csv. A complete page of the same runs is left as it is, unless code that can
change a page means something else now.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict

from chorus import paths
from chorus.commands import here
from chorus.errors import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which sweep."""
    parser.add_argument("sweep", help="its name, or a file: stage6, sweeps/stage6.yaml")


def run(arguments: argparse.Namespace) -> None:
    """Make the page, unless it is there or would be poorer than the one in the commit.

    Raises:
        DataError: there is no table of runs, or it is of a part of the grid.
    """
    from chorus.experiments.predictions import predicted
    from chorus.experiments.report import Files, Known, make_report, stamp_of
    from chorus.files import read_csv, write_text
    from chorus.options import parse
    from chorus.pictures import PictureOptions

    sweep = here.sweep_file(arguments.sweep)
    name = sweep.stem
    tables, plots, path = (
        paths.sweep_tables(name),
        paths.sweep_plots(name),
        paths.sweep_report(name),
    )
    table = tables / "runs.csv"
    if not table.is_file():
        raise DataError(f"there is no {table}: chorus leaderboard {arguments.sweep}")
    grid, runs = here.open_grid(sweep), read_csv(table)
    for remark in grid.remarks(set(runs.get("version", ()))):
        print(remark)
    beside = [paths.SUBSETS_METRICS, paths.SURVEY_METRICS]
    shown = parse(PictureOptions, here.params().get("pictures"), section="pictures")
    data, judges = grid.shared_data(), grid.judges
    stamp = stamp_of([data, judges, asdict(shown)], [table, sweep, *beside])
    if path.is_file() and f'content="{stamp}"' in path.read_text(encoding="utf-8"):
        print(f"{path} is of these very runs; to make it again, remove it")
        return
    if reason := grid.not_over(len(runs), tables, plots, path):
        raise DataError(reason)
    known = Known(data, judges, predicted(grid, runs))
    files = Files(paths.RAW, plots, tables / "hardest.csv", *beside)
    made = make_report(name, grid.plan, runs, known, files, shown, stamp)
    write_text(path, made.page)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(runs)} runs")
    if made.missing:
        print(f"without the sound of the hardest clips: {made.missing}")
