"""What `chorus compare --predictions` does: anybody's answers, one table or two, judged by whole clusters."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from chorus import answers
from chorus.commands.show import between, number, say, show
from chorus.errors import DataError, ParameterError
from chorus.statistics.clusters import ClusterComparison, balanced_accuracy, compare_clusters
from chorus.statistics.paired import cohens_g, effect_in_words, mcnemar_chi2, mcnemar_exact

TRUTH, ANSWER, CLUSTER = "truth", "prediction", "clip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments about tables of answers."""
    group = parser.add_argument_group("anybody's answers, one row a clip or a variant of one")
    group.add_argument(
        "--predictions", metavar="CSV[:COLUMN]", nargs="+",
        help=f"one table to judge, or two to compare; COLUMN: with the answers (default: {ANSWER})",
    )  # fmt: skip
    group.add_argument("--truth", metavar="COLUMN", help=f"default: {TRUTH}")
    group.add_argument(
        "--cluster", metavar="COLUMN", help=f"what rows share a source (default: {CLUSTER})"
    )
    group.add_argument(
        "--pair-by", metavar="A,B", help="columns that name a row (default: the cluster, condition)"
    )
    group.add_argument("--group-by", metavar="A,B", help="also judge each group of rows")


def run(arguments: argparse.Namespace) -> None:
    """Judge one table, or compare two."""
    if len(arguments.predictions) > 2:
        raise ParameterError("--predictions: one table to judge, or two to compare")
    cluster = arguments.cluster or CLUSTER
    tables = [_read(given, arguments.truth or TRUTH) for given in arguments.predictions]
    for table in tables:
        if cluster not in table:
            raise ParameterError(
                f"--cluster: {cluster!r} is no column; there are: {', '.join(table)}"
            )
    if len(tables) == 2:
        # Variants of one clip differ in their condition: then the clip alone names no row.
        by = [name for name in (cluster, "condition") if name in tables[0]]
        if arguments.pair_by:
            by = arguments.pair_by.split(",")
        _compare(answers.pair_answers(tables[0], tables[1], by), cluster, arguments.predictions)
    else:
        _judge(tables[0], cluster)
    if arguments.group_by:
        _show_groups(tables, arguments.group_by.split(","))


def _read(given: str, truth: str) -> pd.DataFrame:
    path, _, column = given.partition(":")
    return answers.read_answers(Path(path), truth=truth, answer=column or ANSWER)


def _judge(table: pd.DataFrame, cluster: str) -> None:
    right = (table["answer"] == table["truth"]).to_numpy()
    found = balanced_accuracy(table["truth"], right, table[cluster])
    rows = [["balanced accuracy", number(found.value, 4), between(found.low, found.high, 4), ""]]
    for name, recall in answers.recalls(table["truth"], right).items():
        naive = between(recall.low, recall.high, 4)
        rows.append([f"recall {name}", number(recall.share, 4), naive, str(recall.rows)])
    show(
        f"{len(table)} answers in {table[cluster].nunique()} clusters;"
        " recalls: Wilson, as though rows were independent",
        ("figure", "", "95 % interval", "rows"),
        rows,
    )


def _compare(both: pd.DataFrame, cluster: str, names: Sequence[str]) -> None:
    found = compare_clusters(both["truth"], *_right(both), both[cluster])
    say(f"A: {names[0]}")
    say(f"B: {names[1]}")
    rows = []
    for what, one in (("A", found.a), ("B", found.b), ("A - B", found.difference)):
        rows.append([what, number(one.value, 4), between(one.low, one.high, 4)])
    title = f"balanced accuracy; {found.rows} rows in {found.clusters} clusters, drawn as wholes"
    show(title, ("", "", "95 % interval"), rows)
    show(
        f"only A right: {found.only_a}; only B right: {found.only_b}", ("test", "p"), _tests(found)
    )
    if found.only_a + found.only_b:
        g = cohens_g(found.only_a, found.only_b)
        say(f"Cohen's g: {number(g)} ({effect_in_words(g)})")
    if not found.difference.reliable:
        say("A class has fewer than 20 clusters: the intervals are likely too narrow.")


def _tests(found: ClusterComparison) -> list[list[str]]:
    b, c = found.only_a, found.only_b
    rows = [["clusters exchanged as wholes (permutation)", number(found.p, 4)]]
    # McNemar's test takes rows for independent, so that beside it stands whether they are (rule 8 of the design).
    if found.clusters == found.rows:
        rows.append(["McNemar, exact: each cluster is one row", number(mcnemar_exact(b, c), 4)])
        return rows
    rows.append(["McNemar, exact, as though rows were independent", number(mcnemar_exact(b, c), 4)])
    if b + c:
        for how, corrected in (("without", False), ("with", True)):
            statistic, p = mcnemar_chi2(b, c, correction=corrected)
            rows.append(
                [f"  chi-square {how} continuity correction: {statistic:.3f}", number(p, 4)]
            )
    return rows


def _show_groups(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> None:
    for table in tables:
        if missing := [name for name in columns if name not in table]:
            raise ParameterError(f"--group-by: {missing[0]!r} is no column of both tables")
    figures = [answers.by_group(table, columns) for table in tables]
    # rows are paired by other columns: nothing has yet said that these agree
    if len(figures) == 2 and set(figures[0].index) != set(figures[1].index):
        raise DataError(f"the tables have other groups of {' '.join(columns)}")
    rows = []
    for key in figures[0].index:
        # pandas names a group of one column by its value, one of several columns by a tuple.
        name = key
        if not isinstance(key, str):
            name = " ".join(key)
        rows.append([name, *_numbers(of[key] for of in figures)])
    rows += _means(figures, columns)
    heads = ("A", "B")[: len(figures)]
    show("balanced accuracy of each group of rows", (" ".join(columns), *heads), rows)


def _means(figures: Sequence[pd.Series], columns: Sequence[str]) -> list[list[str]]:
    """Of all groups alike; of those that share the first column; and of these means, which is another figure again."""
    rows = [["mean of the groups", *_numbers(map(np.mean, figures))]]
    if len(columns) == 1:
        return rows
    outer = [of.groupby(level=0, sort=False).mean() for of in figures]
    for name in outer[0].index:
        rows.append([f"mean of {name}", *_numbers(of[name] for of in outer)])
    rows.append([f"mean of these {len(outer[0])}", *_numbers(map(np.mean, outer))])
    return rows


def _numbers(values: Iterable[float]) -> list[str]:
    return [number(float(value), 4) for value in values]


def _right(both: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return both["right_a"].to_numpy(np.bool_), both["right_b"].to_numpy(np.bool_)
