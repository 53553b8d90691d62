"""Run a grid of experiments: python src/sweep.py sweeps/stage6.yaml [--jobs N] [--dry-run]

What is done already with the same parameters, code and data is not done again: a sweep that was stopped or killed is
continued by the same command.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import stage

from chorus.composition import ComposeOptions, compose
from chorus.errors import ChorusError, DataError, ParameterError
from chorus.experiments.conduct import Progress, conduct
from chorus.experiments.grid import spell
from chorus.experiments.pace import Pace
from chorus.experiments.preflight import alone, refuse_unfit, refuse_unranked
from chorus.experiments.study import TARGET, Grid, read_sweep
from chorus.files import read_csv
from chorus.options import parse
from chorus.parallel import cores

_SECONDS_BETWEEN_LINES = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweep", type=Path, help="a file in sweeps/")
    parser.add_argument("--jobs", type=int, default=cores(), help="runs at the same time (default: one a processor)")
    parser.add_argument("--dry-run", action="store_true", help="only list the runs and their training sets")
    arguments = parser.parse_args()
    if arguments.jobs < 1:
        raise ParameterError(f"--jobs: {arguments.jobs} is not allowed: at least 1")
    grid = _grid(arguments.sweep)
    if arguments.dry_run:
        _list(grid)
        return
    refuse_unfit(Path(), grid.start)
    with alone(Path()):
        _refuse_changes(grid, arguments.sweep)
        _update_shared(grid)
        grid = _grid(arguments.sweep)  # the shared stages may have other results now
        if stage.SPLITS.as_posix() in grid.inputs:
            refuse_unranked(grid.rank_by, read_csv(stage.SPLITS))
        _tell_start(grid, arguments.sweep.stem)
        failures = conduct(grid, jobs=arguments.jobs, report=_Reporter(grid, grid.rank_by))
    for failure in failures:
        print(f"\n{failure.name} failed; the end of its log:\n{failure.log}\n", file=sys.stderr)
    if failures:
        raise ChorusError(f"{len(failures)} of {len(grid.runs)} runs failed; the same command tries them again")


def _grid(sweep: Path) -> Grid:
    return Grid(Path(), read_sweep(sweep), target=TARGET, subsets=_subsets())


def _subsets() -> dict[str, list[str]] | None:
    """The names of the mined subsets; None before they are mined."""
    found = {kind: list(stage.read_subsets(kind)) for kind in ("positive", "negative")}
    return found if all(found.values()) else None


def _refuse_changes(grid: Grid, sweep: Path) -> None:
    """Experiments start from a commit: what is not in it would be left out, or falsify where a result came from."""
    if changed := grid.changed_files([f"metrics/{sweep.stem}/", f"plots/{sweep.stem}/", f"reports/{sweep.stem}."]):
        listed = " ".join(changed[:6]) + (f" and {len(changed) - 6} more" if len(changed) > 6 else "")
        raise DataError(f"commit or undo your changes first: {listed}")


def _tell_start(grid: Grid, name: str) -> None:
    """Say where the runs start if that is not the current commit, and how far the results they share differ from it."""
    tag = grid.keep_start(name)
    if tag is None:
        return
    found = "; ".join(f"{difference.path}: {difference.how}" for difference in grid.differences())
    print(f"the stages that all runs share have other results here than in the commit: {found}", file=sys.stderr)
    print(
        f"so the runs start from a commit of their own, {tag}; your branch stays as it is"
        f" (dvc exp show --rev {tag}; python src/back.py goes back)",
        file=sys.stderr,
    )


def _update_shared(grid: Grid) -> None:
    """Run what the runs share, once and here; else every worker would do it again.

    Where its results are at hand, what they were made from need not be: a grid reads the embeddings, not the audio.
    """
    partial = ["--allow-missing"] if grid.at_hand() else []
    command = [sys.executable, "-m", "dvc", "repro", *partial, *grid.shared]
    if grid.shared and subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        raise DataError(f"the stages that all runs share failed: dvc repro {' '.join(grid.shared)}")


def _list(grid: Grid) -> None:
    """Print the runs; with the sizes of their training sets once there are splits and subsets to count from."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    table.add_column("run", no_wrap=True)
    for heading in (*(axis.rpartition(".")[2] for axis in grid.axes), "positives", "negatives"):
        table.add_column(heading, overflow="fold")  # a narrow terminal too shows names whole
    positive, negative = stage.read_subsets("positive"), stage.read_subsets("negative")
    clips = read_csv(stage.SPLITS) if stage.SPLITS.exists() and positive and negative else None
    for run in grid.runs:
        params = grid.params(run)
        counts = ["?", "?"]
        if clips is not None:
            options = parse(ComposeOptions, params["compose"], section="compose")
            summary = compose(clips, positive, negative, options, params["seed"]).summary
            counts = [str(summary["positives"]), str(summary["negatives"])]
        table.add_row(run.name, *(spell(value) for value in run.changes.values()), *counts)
    console = Console()
    if not console.is_terminal:
        console.width = 1000  # a file or a pipe is as wide as the table
    console.print(table)
    if clips is None:
        print("the counts appear once the subsets are mined: dvc repro mine")


class _Reporter:
    """Shows progress on one line of the terminal; in a log, a new line every now and then."""

    def __init__(self, grid: Grid, metric: str) -> None:
        self._grid, self._metric = grid, metric
        self._names = {key: run.name for key, run in grid.planned.items()}
        self._pace = Pace(metric, time.monotonic())
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0

    def __call__(self, progress: Progress) -> None:
        for experiment in progress.new:
            name = self._names[experiment.key]
            self._pace.result(name, self._grid.row(name, experiment)[self._metric])
        now, ended = time.monotonic(), progress.done + progress.failed == progress.total
        line = self._pace.line(progress, now)
        if self._terminal:
            print(f"\r\x1b[K{line}", end="\n" if ended else "", file=sys.stderr, flush=True)
        elif ended or now - self._shown > _SECONDS_BETWEEN_LINES:
            print(line, file=sys.stderr, flush=True)
            self._shown = now


stage.run(main)
