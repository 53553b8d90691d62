"""Run a grid of experiments: chorus sweep stage6 [--jobs N] [--dry-run]

chorus sweep stage6 --scheduler tcp://10.0.0.1:8786                     on the workers of a Dask cluster
chorus sweep stage6 --cluster slurm --workers 30 --repository git@example.org:team/study.git

What is done already with the same parameters, code and data is not done again: a sweep that was stopped or killed is
continued by the same command. docs/scaling.md says what workers on other machines need.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chorus.commands.arguments import (
    add_cluster_arguments,
    executor_of,
    is_for_a_cluster,
    refuse_unfit_machines,
)
from chorus.commands.here import STUDY, open_grid, sweep_file
from chorus.composition import read_subsets
from chorus.errors import ChorusError, DataError, ParameterError
from chorus.files import read_csv
from chorus.parallel import cores
from chorus.paths import SPLITS, SUBSETS, sweep_plots, sweep_report, sweep_tables
from chorus.runs.factors import spell

if TYPE_CHECKING:
    import pandas as pd

    from chorus.experiments.conduct import Failure, Progress
    from chorus.experiments.study import Grid

_SECONDS_BETWEEN_LINES = 15
_STOPPING = "stopping when the runs in hand are done; Ctrl-C again ends them at once"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which sweep, and how."""
    parser.add_argument("sweep", help="its name, or a file: stage6, sweeps/stage6.yaml")
    parser.add_argument(
        "--jobs", type=int, default=cores(), help="runs at the same time (default: one a processor)"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only list the runs and their training sets"
    )
    add_cluster_arguments(parser)
    parser.add_argument(
        "--repository",
        metavar="URL",
        help="of git, which the machines of a cluster share (default: this one's folder)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Run what is not done, and show how far it is.

    Raises:
        ChorusError: some runs failed.
    """
    from chorus.experiments.preflight import alone, refuse_unfit, refuse_unranked

    if arguments.jobs < 1:
        raise ParameterError(f"--jobs: {arguments.jobs} is not allowed: at least 1")
    # before the shared stages run, which may take an hour
    refuse_unfit_machines(arguments)
    if not is_for_a_cluster(arguments):
        _refuse_without_a_cluster(arguments)
    file = sweep_file(arguments.sweep)
    grid = open_grid(file)
    if arguments.dry_run:
        _list(grid)
        return
    refuse_unfit(STUDY, grid.start)
    with alone(STUDY):
        _refuse_changes(grid, file.stem)
        _update_shared(grid)
        grid = open_grid(file)  # the shared stages may have other results now
        if SPLITS.as_posix() in grid.inputs:
            refuse_unranked(grid.plan.rank_by, read_csv(SPLITS))
        _tell_start(grid, file.stem)
        failures = _conduct(grid, arguments)
    for failure in failures:
        print(f"\n{failure.name} failed; the end of its log:\n{failure.log}\n", file=sys.stderr)
    if failures:
        raise ChorusError(
            f"{len(failures)} of {len(grid.runs)} runs failed; the same command tries them again"
        )


def _conduct(grid: Grid, arguments: argparse.Namespace) -> list[Failure]:
    """On the cores of this machine, or on a cluster; returns the runs that failed."""
    report = _Reporter(grid)
    if not is_for_a_cluster(arguments):
        from chorus.experiments.conduct import conduct

        try:
            return conduct(grid, jobs=arguments.jobs, report=report)
        except KeyboardInterrupt:
            print(file=sys.stderr)  # below the line of progress, whose end has not come
            raise
    from chorus.experiments.distribute import distribute

    home = arguments.repository or grid.repository
    with executor_of(arguments) as (executor, workers):
        return distribute(grid, executor, workers=workers, repository=home, report=report)


def _refuse_without_a_cluster(arguments: argparse.Namespace) -> None:
    for name in ("workers", "repository"):
        if getattr(arguments, name) is not None:
            raise ParameterError(
                f"--{name} is not allowed here: it goes with --scheduler or --cluster"
            )


def _refuse_changes(grid: Grid, name: str) -> None:
    """Experiments start from a commit: what is not in it would be left out, or falsify where a result came from."""
    results = [f"{folder.as_posix()}/" for folder in (sweep_tables(name), sweep_plots(name))]
    changed = grid.changed_files([*results, sweep_report(name).as_posix()])
    if not changed:
        return
    listed = " ".join(changed[:6])
    if len(changed) > 6:
        listed += f" and {len(changed) - 6} more"
    raise DataError(f"commit or undo your changes first: {listed}")


def _tell_start(grid: Grid, name: str) -> None:
    """Say where the runs start if that is not the current commit, and how far the results they share differ from it."""
    tag = grid.keep_start(name)
    if tag is None:
        return
    found = "; ".join(f"{difference.path}: {difference.how}" for difference in grid.differences())
    print(
        f"the stages that all runs share have other results here than in the commit: {found}",
        file=sys.stderr,
    )
    print(
        f"so the runs start from a commit of their own, {tag}; your branch stays as it is"
        f" (dvc exp show --rev {tag}; chorus back goes back)",
        file=sys.stderr,
    )


def _update_shared(grid: Grid) -> None:
    """Run what the runs share, once and here; else every worker would do it again.

    Where its results are at hand, what they were made from need not be: a grid reads the embeddings, not the audio.
    """
    if not grid.shared:
        return
    # this very Python: a `dvc` that the PATH finds may be another installation's
    command = [sys.executable, "-m", "dvc", "repro", *grid.shared]
    if grid.at_hand():
        command.append("--allow-missing")
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise DataError(f"the stages that all runs share failed: dvc repro {' '.join(grid.shared)}")


def _list(grid: Grid) -> None:
    """Print the runs; with the sizes of their training sets once there are splits and subsets to count from."""
    from rich.console import Console
    from rich.table import Table

    headings = [axis.rpartition(".")[2] for axis in grid.plan.axes]
    rows = [[run.name, *map(spell, run.changes.values())] for run in grid.runs]
    # A study without a composition (accents, fitness) trains all its runs on the same clips.
    counted = None
    if "compose" in grid.stages:
        counted = _Counted()
        headings += ["positives", "negatives"]
        for run, row in zip(grid.runs, rows, strict=True):
            row += counted.of(grid.params(run))
    table = Table(box=None)
    table.add_column("run", no_wrap=True)
    for heading in headings:
        table.add_column(heading, overflow="fold")  # a narrow terminal too shows names whole
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:
        console.width = 1000  # a file or a pipe is as wide as the table
    console.print(table)
    if counted and counted.clips is None:
        print("the counts appear once the subsets are mined: dvc repro mine")


class _Counted:
    """How many clips the training sets of runs will have, where there is something to count from."""

    def __init__(self) -> None:
        self._positive = read_subsets(SUBSETS / "positive")
        self._negative = read_subsets(SUBSETS / "negative")
        self.clips: pd.DataFrame | None = None
        if SPLITS.exists() and self._positive and self._negative:
            self.clips = read_csv(SPLITS)

    def of(self, params: Mapping[str, Any]) -> list[str]:
        """Positives and negatives of a run with these parameters."""
        from chorus.composition import ComposeOptions, compose
        from chorus.options import parse

        if self.clips is None:
            return ["?", "?"]
        options = parse(ComposeOptions, params["compose"], section="compose")
        composed = compose(self.clips, self._positive, self._negative, options, params["seed"])
        return [str(composed.summary["positives"]), str(composed.summary["negatives"])]


class _Reporter:
    """Shows progress on one line of the terminal; in a log, a new line every now and then."""

    def __init__(self, grid: Grid) -> None:
        from chorus.experiments.pace import Pace

        self._grid, self._metric = grid, grid.plan.rank_by
        self._names = {key: run.name for key, run in grid.planned.items()}
        self._pace = Pace(self._metric, time.monotonic())
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0
        self._stopping = False

    def __call__(self, progress: Progress) -> None:
        for experiment in progress.new:
            name = self._names[experiment.key]
            self._pace.result(name, self._grid.row(name, experiment).get(self._metric))
        if progress.stopping and not self._stopping:
            # below the line that it may stand in, and the ^C of the terminal
            print(f"\n{_STOPPING}", file=sys.stderr, flush=True)
            self._stopping = True
        now, ended = time.monotonic(), progress.done + progress.failed == progress.total
        line = self._pace.line(progress, now)
        if self._terminal:
            end = ""
            if ended:
                end = "\n"
            print(f"\r\x1b[K{line}", end=end, file=sys.stderr, flush=True)
        elif ended or now - self._shown > _SECONDS_BETWEEN_LINES:
            print(line, file=sys.stderr, flush=True)
            self._shown = now
