"""Is A better than B? Two configurations of a table of runs, seed by seed.

chorus compare --table data/reference/published_runs.yaml stage6_001 stage6_002

Each is named by any of its runs. This knows other seeds on the same test clips; for other nights,
the predictions of every clip are needed (python src/compare.py).
"""

from __future__ import annotations

import argparse

from chorus.commands.arguments import add_table_arguments, read_table
from chorus.commands.show import between, number, say, show
from chorus.runs.pairs import compare_runs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    add_table_arguments(parser)
    parser.add_argument("a", metavar="RUN_A", help="a run of the one configuration")
    parser.add_argument("b", metavar="RUN_B", help="a run of the other")


def run(arguments: argparse.Namespace) -> None:
    """Compare two configurations in every metric."""
    found = compare_runs(read_table(arguments), arguments.a, arguments.b)
    rows = []
    for metric, judged in found.metrics.items():
        interval = between(judged.low, judged.high, sign=True)
        figures = [number(judged.a), number(judged.b), number(judged.difference, sign=True), interval]
        rows.append([metric, *figures, number(judged.p), number(judged.p_holm), number(judged.sign_flip_p)])
    say(f"A: {found.names[0]}")
    say(f"B: {found.names[1]}")
    heads = ("metric", "A", "B", "A - B", "95 % interval", "p", "Holm p", "sign flips p")
    show(f"{found.how}: {found.seeds[0]} and {found.seeds[1]} seeds", heads, rows)
