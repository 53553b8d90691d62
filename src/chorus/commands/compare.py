"""Is the difference real? Configurations of a sweep on the same test clips, or of any table of runs, seed by seed.

chorus compare stage6_001 stage6_002               any run of each configuration, or its experiment (with --sweep)
chorus compare stage6_001 stage6_002 stage6_003    the first is the baseline of all others
chorus compare --table data/reference/published_runs.yaml stage6_001 stage6_002
chorus compare --predictions a.csv b.csv --cluster clip   anybody's answers, by whole clusters; one table is judged

A configuration is named by any of its runs. Of a sweep the predictions of every clip are compared, which tells of other
nights too; a table of runs knows other seeds on the same test clips only.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chorus.clips import OOD_VALIDATION, TEST_IID, TEST_OOD
from chorus.commands import answers
from chorus.commands.arguments import (
    OF_COLUMNS,
    add_table_arguments,
    read_table,
    refuse_for_a_sweep,
    refuse_for_a_table,
)
from chorus.commands.here import STUDY, open_grid, sweep_file, sweep_of
from chorus.commands.show import between, number, say, show
from chorus.errors import DataError, ParameterError
from chorus.evaluation.bootstrap import METRICS
from chorus.runs.pairs import compare_runs
from chorus.statistics import holm

if TYPE_CHECKING:
    from chorus.experiments.study import Grid
    from chorus.statistics import Comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "baseline",
        metavar="RUN",
        nargs="?",
        help="a run of the configuration that others are compared with",
    )
    parser.add_argument(
        "others", metavar="OTHER", nargs="*", help="runs of the configurations to compare with it"
    )
    of_sweep = parser.add_argument_group("of a sweep")
    of_sweep.add_argument("--sweep", help="its name, or a file in sweeps/")
    of_sweep.add_argument(
        "--metric", choices=METRICS, help="what the verdict is about (default: f1)"
    )
    splits = (TEST_OOD, TEST_IID, OOD_VALIDATION)
    of_sweep.add_argument("--split", choices=splits, help=f"default: {TEST_OOD}")
    answers.add_arguments(parser)
    add_table_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compare each with the baseline."""
    if arguments.predictions:
        if arguments.baseline:
            raise ParameterError(
                "RUN is not allowed with --predictions, which names its own tables"
            )
        answers.run(arguments)
        return
    for given in ("truth", "cluster", "pair_by", "group_by"):
        if getattr(arguments, given):
            raise ParameterError(f"--{given.replace('_', '-')} goes with --predictions only")
    if not arguments.others:
        raise ParameterError("which runs? name two, RUN and OTHER, or tables with --predictions")
    if arguments.table or arguments.runs:
        refuse_for_a_table(arguments, "sweep", "metric", "split")
        _of_table(arguments)
    else:
        refuse_for_a_sweep(arguments, "only", "metrics", *OF_COLUMNS)
        _of_sweep(arguments)


def _of_sweep(arguments: argparse.Namespace) -> None:
    from chorus import statistics
    from chorus.experiments.predictions import PredictionStore

    file = sweep_file(arguments.sweep) if arguments.sweep else sweep_of(arguments.baseline)
    grid, store = open_grid(file), PredictionStore(STUDY)
    base, *others = map(grid.name_of, (arguments.baseline, *arguments.others))
    done = grid.finished()
    _refuse_elsewhere(grid, [name for name in (base, *others) if name not in done])
    baseline = store.configuration(done, base)
    # Runs of one configuration are averaged into one, and a configuration never differs from itself.
    for other in others:
        if other in done and done[other].signature == done[base].signature:
            raise DataError(
                f"{other} and {base} differ in the seed at most: there is nothing to compare"
            )
    split, metric = arguments.split or TEST_OOD, arguments.metric or "f1"
    comparisons = []
    for other in others:
        compared = store.configuration(done, other)
        names = (other, base)
        comparisons.append(
            statistics.compare(compared, baseline, names=names, split=split, metric=metric)
        )
    for comparison in comparisons:
        _show(comparison)
    # Several comparisons are several chances to find something: their p are adjusted together.
    if len(comparisons) > 1:
        _show_adjusted(comparisons, metric)


def _refuse_elsewhere(grid: Grid, missing: Sequence[str]) -> None:
    """Say where runs are that started from other results of the shared stages than those of the commit."""
    from chorus.experiments.start import started_from

    for name in missing:
        if tag := grid.elsewhere(name):
            raise DataError(f"{name} {started_from(tag)}")


def _show(found: Comparison) -> None:
    """The differences with intervals, the paired tests of each seed, and the sentence."""
    rows = []
    for name, d in found.differences.items():
        interval = between(d.low, d.high, sign=True)
        rows.append(
            [name, number(d.a), number(d.b), number(d.difference, sign=True), interval, number(d.p)]
        )
    title = f"A: {found.names[0]}, B: {found.names[1]}; {found.clips} clips of {found.split}"
    show(title, ("metric", "A", "B", "A - B", "95 % interval", "p"), rows)
    rows = []
    for seed, m in found.mcnemar.items():
        counts = [str(count) for count in (seed, m.both_right, m.b, m.c, m.both_wrong)]
        areas = found.delong[seed]
        tests = [number(m.p), m.method, number(m.cohens_g, 2)]
        rows.append([*counts, *tests, number(areas.difference, sign=True), number(areas.p)])
    right = ("both", "only A", "only B", "none")  # of the two, how many are right about a clip
    heads = ("seed", *right, "McNemar p", "method", "g", "AUROC", "DeLong p")
    show(
        "By clips, as though those of a night were independent (p too small); g: Cohen's",
        heads,
        rows,
    )
    say(f"{found.sentence}.\n")


def _show_adjusted(comparisons: Sequence[Comparison], metric: str) -> None:
    """All comparisons against the baseline at once."""
    adjusted = holm([comparison.differences[metric].p for comparison in comparisons])
    rows = []
    for comparison, p in zip(comparisons, adjusted, strict=True):
        found = comparison.differences[metric]
        rows.append(
            [comparison.names[0], number(found.difference, sign=True), number(found.p), number(p)]
        )
    show(
        f"{metric}: all against the baseline", ("configuration", "difference", "p", "Holm p"), rows
    )


def _of_table(arguments: argparse.Namespace) -> None:
    """Every metric, by the seeds."""
    runs = read_table(arguments)
    for other in arguments.others:
        found = compare_runs(runs, other, arguments.baseline)
        rows = []
        for metric, judged in found.metrics.items():
            figures = [number(judged.a), number(judged.b), number(judged.difference, sign=True)]
            interval = between(judged.low, judged.high, sign=True)
            p_values = map(number, (judged.p, judged.p_holm, judged.sign_flip_p))
            rows.append([metric, *figures, interval, *p_values])
        say(f"A: {found.names[0]}")
        say(f"B: {found.names[1]}")
        heads = ("metric", "A", "B", "A - B", "95 % interval", "p", "Holm p", "sign flips p")
        show(f"{found.how}: {found.seeds[0]} and {found.seeds[1]} seeds", heads, rows)
