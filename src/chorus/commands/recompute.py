"""Does a published table follow from the runs? Its means and SDs beside those of the runs that it names.

chorus recompute --table data/reference/published_runs.yaml data/reference/published_tables.csv

The table of tables has one row a figure: page, runs (names, divided by spaces), metric, mean, sd,
digits.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from chorus.commands.arguments import add_table_arguments, read_table
from chorus.commands.show import number, say, show
from chorus.files import read_csv
from chorus.runs.leaderboard import recompute


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    parser.add_argument("tables", type=Path, metavar="CSV", help="the published figures")


def run(arguments: argparse.Namespace) -> None:
    """Print how many figures agree, page by page, and those that do not."""
    found = recompute(read_table(arguments), read_csv(arguments.tables))
    pages = found.groupby("page", sort=False)["agrees"].agg(["size", "sum"])
    rows = []
    for page, counts in pages.iterrows():
        rows.append([str(page), str(counts["size"]), str(counts["sum"])])
    show(
        "Published figures, and those that follow from the runs", ("page", "figures", "agree"), rows
    )
    off = []
    for row in found[~found["agrees"]].to_dict("records"):
        # Where the page gives no SD, one of ours would look like something that it got wrong.
        our_sd = ""
        if row["sd"]:
            our_sd = number(row["runs_sd"])
        published, ours = _figure(row["mean"], row["sd"]), _figure(number(row["runs_mean"]), our_sd)
        off.append([str(row["page"]), str(row["runs"]), str(row["metric"]), published, ours])
    if off:
        show(
            "Those that do not",
            ("page", "runs", "metric", "published", "from the runs"),
            off,
            left=3,
        )
    say(f"{int(found['agrees'].sum())} of {len(found)} figures follow from the runs.")


def _figure(mean: object, sd: object) -> str:
    if not sd:
        return str(mean)
    return f"{mean} ±{sd}"
