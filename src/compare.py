"""Is the difference real? Compare configurations of a grid, each with all its seeds, on the same test clips.

python src/compare.py stage6_001 stage6_002               any run of each configuration, or its experiment
python src/compare.py stage6_001 stage6_002 stage6_003    the first is the baseline of all others
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import stage

from rich import box
from rich.console import Console
from rich.table import Table

from chorus import statistics
from chorus.clips import OOD_VALIDATION, TEST_IID, TEST_OOD
from chorus.errors import DataError
from chorus.evaluation.bootstrap import METRICS
from chorus.experiments.baseline import started_from
from chorus.experiments.predictions import PredictionStore
from chorus.experiments.study import TARGET, Grid, read_sweep


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("baseline", help="a run of the grid, such as stage6_001")
    parser.add_argument("others", nargs="+", help="runs of the configurations to compare with it")
    parser.add_argument("--sweep", type=Path, default=Path("sweeps/stage6.yaml"), help="default: %(default)s")
    parser.add_argument("--metric", choices=METRICS, default="f1", help="what the verdict is about (default: f1)")
    splits = (TEST_OOD, TEST_IID, OOD_VALIDATION)
    parser.add_argument("--split", choices=splits, default=TEST_OOD, help="default: %(default)s")
    arguments = parser.parse_args()
    grid = Grid(Path(), read_sweep(arguments.sweep), target=TARGET)
    base, *others = (grid.name_of(name) for name in (arguments.baseline, *arguments.others))
    done, store = grid.finished(), PredictionStore(Path())
    _refuse_elsewhere(grid, [name for name in (base, *others) if name not in done])
    baseline = store.configuration(done, base)
    for other in others:
        if other in done and done[other].signature == done[base].signature:
            raise DataError(f"{other} and {base} differ in the seed at most: there is nothing to compare")
    comparisons = [
        statistics.compare(
            store.configuration(done, other),
            baseline,
            names=(other, base),
            split=arguments.split,
            metric=arguments.metric,
        )
        for other in others
    ]
    console = Console()
    for comparison in comparisons:
        show(console, comparison)
    if len(comparisons) > 1:
        show_adjusted(console, comparisons, arguments.metric)


def _refuse_elsewhere(grid: Grid, missing: Sequence[str]) -> None:
    """Say where runs are that started from other results of the shared stages than those of the commit."""
    for name in missing:
        if tag := grid.elsewhere(name):
            raise DataError(f"{name} {started_from(tag)}")


def show(console: Console, found: statistics.Comparison) -> None:
    """The differences with intervals, the paired tests of each seed, and the sentence."""
    title = f"A: {found.names[0]}, B: {found.names[1]}; {found.clips} clips of {found.split}"
    table = _table(title, "metric", "A", "B", "A - B", "95 % interval", "p")
    for name, d in found.differences.items():
        figures = (f"{d.a:.3f}", f"{d.b:.3f}", f"{d.difference:+.3f}", f"{d.low:+.3f} to {d.high:+.3f}", f"{d.p:.3f}")
        table.add_row(name, *figures)
    console.print(table)
    title = "By clips, as though those of a night were independent (p too small); g: Cohen's"
    right = ("both", "only A", "only B", "none")  # of the two, how many are right about a clip
    tests = _table(title, "seed", *right, "McNemar p", "method", "g", "AUROC", "DeLong p")
    for seed, m in found.mcnemar.items():
        counts = [str(count) for count in (seed, m.both_right, m.b, m.c, m.both_wrong)]
        g, areas = "" if m.cohens_g is None else f"{m.cohens_g:.2f}", found.delong[seed]
        tests.add_row(*counts, f"{m.p:.3f}", m.method, g, f"{areas.difference:+.3f}", f"{areas.p:.3f}")
    console.print(tests)
    console.print(f"{found.sentence}.\n", highlight=False)


def show_adjusted(console: Console, comparisons: Sequence[statistics.Comparison], metric: str) -> None:
    """All comparisons against the baseline at once."""
    adjusted = statistics.holm([comparison.differences[metric].p for comparison in comparisons])
    table = _table(f"{metric}: all against the baseline", "configuration", "difference", "p", "Holm p")
    for comparison, p in zip(comparisons, adjusted, strict=True):
        found = comparison.differences[metric]
        table.add_row(comparison.names[0], f"{found.difference:+.3f}", f"{found.p:.3f}", f"{p:.3f}")
    console.print(table)


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(first)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=heading != "McNemar p")
    return table


if __name__ == "__main__":
    stage.run(main)
