"""The arguments that say which table of runs, and what its columns mean."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from chorus.errors import ParameterError
from chorus.paths import SWEEPS
from chorus.runs.options import TableOptions, check_options, read_options
from chorus.runs.table import Runs, read_runs

# What only `--runs` makes sense of; of `--seed`, which has a default, nobody knows whether it was given.
OF_COLUMNS = ("factors", "run", "block", "reference")


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """A table of runs: by a YAML that describes it, or column by column."""
    table = parser.add_argument_group(
        "the table of runs", "either --table, or --runs with --factors and --metrics"
    )
    table.add_argument(
        "--table", type=Path, metavar="YAML", help="a file that says what the columns mean"
    )
    table.add_argument("--runs", type=Path, metavar="CSV", help="one row a run")
    table.add_argument(
        "--factors",
        type=_listed,
        metavar="A,B",
        help="columns that runs differ in, beside the seed",
    )
    table.add_argument("--metrics", type=_listed, metavar="X,Y", help="columns with figures")
    table.add_argument("--seed", default="seed", metavar="COLUMN", help="default: %(default)s")
    table.add_argument(
        "--run", default="", metavar="COLUMN", help="names of the runs (default: row numbers)"
    )
    table.add_argument(
        "--block",
        default="",
        metavar="COLUMN",
        help="runs are compared only where they agree in this",
    )
    table.add_argument(
        "--reference",
        action="append",
        default=[],
        metavar="FACTOR=LEVEL",
        help="compare a factor's levels with this",
    )
    parser.add_argument(
        "--only", type=_listed, metavar="BLOCK,BLOCK", help="these blocks only (default: all)"
    )


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """On which machines work is done."""
    machines = parser.add_argument_group(
        "machines", "this one, or a Dask cluster (docs/scaling.md)"
    )
    machines.add_argument(
        "--workers", type=int, metavar="N", help="processes, or jobs (default: one a core)"
    )
    where = machines.add_mutually_exclusive_group()
    where.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a running cluster: tcp://HOST:PORT"
    )
    where.add_argument("--cluster", metavar="KIND", help="starts jobs of a batch system: slurm")
    machines.add_argument(
        "--job", action="append", default=[], metavar="NAME=VALUE",
        help="of --cluster: queue, account, memory, walltime, ... as dask-jobqueue calls them",
    )  # fmt: skip


def is_for_a_cluster(arguments: argparse.Namespace) -> bool:
    """Whether `add_cluster_arguments` chose other machines than this one."""
    return bool(arguments.scheduler or arguments.cluster)


def refuse_unfit_machines(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be meant: for those who do something long before they ask for `executor_of`.

    Raises:
        ParameterError: a number of workers that is not allowed, or settings of jobs where none are started.
    """
    if arguments.workers is not None and arguments.workers < 1:
        raise ParameterError(f"--workers: {arguments.workers} is not allowed: 1 or more")
    if arguments.job and not arguments.cluster:
        raise ParameterError("--job is not allowed here: it goes with --cluster")


@contextmanager
def executor_of(arguments: argparse.Namespace) -> Iterator[tuple[Executor, int]]:
    """What `add_cluster_arguments` chose, and how many units of work it does at once.

    Raises:
        ParameterError: a number of workers, or a setting of jobs, that is not allowed.
        ChorusError: see `chorus.cluster`.
    """
    from chorus import parallel

    refuse_unfit_machines(arguments)
    workers = arguments.workers or parallel.cores()
    if is_for_a_cluster(arguments):
        # Dask takes a second to load, which other machines than this one cost alone
        from chorus import cluster

        if arguments.scheduler:
            found = cluster.at_scheduler(arguments.scheduler)
        else:
            settings = dict(map(_setting, arguments.job))
            found = cluster.started(arguments.cluster, workers, settings)
        with found as known:
            yield known
    else:
        with parallel.processes(workers) as executor:
            yield executor, workers


def _setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ParameterError(f"--job: {text!r} is not allowed: NAME=VALUE")
    return name, value


def add_sweep_or_table(parser: argparse.ArgumentParser) -> None:
    """A sweep of this study, or anybody's table of runs."""
    parser.add_argument("sweep", nargs="?", help="of this study: its name, or a file in sweeps/")
    add_table_arguments(parser)


def refuse_for_a_sweep(arguments: argparse.Namespace, *names: str) -> None:
    """Refuse what only goes with a table of runs.

    Raises:
        ParameterError: names the first that was given.
    """
    _refuse(arguments, names, "a sweep")


def refuse_for_a_table(arguments: argparse.Namespace, *names: str) -> None:
    """Refuse what only goes with a sweep.

    Raises:
        ParameterError: names the first that was given.
    """
    _refuse(arguments, names, "a table of runs")


def _refuse(arguments: argparse.Namespace, names: Sequence[str], what: str) -> None:
    for name in names:
        # whatever kind it is: without it all these are empty
        if getattr(arguments, name):
            raise ParameterError(f"--{name.replace('_', '-')} is not allowed with {what}")


def add_metric(parser: argparse.ArgumentParser) -> None:
    """The metric that a command is about."""
    parser.add_argument(
        "--metric",
        metavar="X",
        help="which metric (default: the first of the table, or all of a sweep)",
    )


def read_table(arguments: argparse.Namespace) -> Runs:
    """The table that the arguments name.

    Raises:
        ParameterError, DataError: see `read_options` and `read_runs`; or there is no table.
    """
    if arguments.table and arguments.runs:
        raise ParameterError(
            "--table and --runs are not allowed together: the YAML names its own CSV"
        )
    if arguments.table:
        given, folder = read_options(arguments.table), arguments.table.parent
    elif arguments.runs and arguments.factors and arguments.metrics:
        given, folder = _from_columns(arguments), arguments.runs.parent
    else:
        raise ParameterError(_which(arguments))
    return read_runs(given, folder)


def _which(arguments: argparse.Namespace) -> str:
    table = "--table YAML, or --runs CSV with --factors A,B and --metrics X,Y"
    if not hasattr(arguments, "sweep"):
        return f"which table? give {table}"
    known = ", ".join(sorted(path.stem for path in SWEEPS.glob("*.yaml")))
    if not known:
        return f"which runs? give a sweep, {table}"
    return f"which runs? give a sweep ({known}), {table}"


def metric_of(arguments: argparse.Namespace, runs: Runs) -> str:
    """The metric that the arguments name, or the first of the table.

    Raises:
        ParameterError: an unknown one.
    """
    metric: str = arguments.metric or runs.metrics[0]
    runs.check_metric(metric)
    return metric


def blocks_of(arguments: argparse.Namespace, runs: Runs) -> list[str]:
    """The blocks that the arguments name, or all.

    Raises:
        ParameterError: an unknown one.
    """
    if not arguments.only:
        return runs.blocks()
    for block in arguments.only:
        runs.of(block)
    return list(arguments.only)


def _from_columns(arguments: argparse.Namespace) -> TableOptions:
    references = {}
    for text in arguments.reference:
        factor, sign, level = text.partition("=")
        if not sign or not level:
            raise ParameterError(f"--reference: {text!r} is not allowed: FACTOR=LEVEL")
        references[factor] = level
    given = TableOptions(
        runs=arguments.runs.name,
        run=arguments.run,
        seed=arguments.seed,
        # Columns of a table without a description are called what its heads say.
        factors=dict(zip(arguments.factors, arguments.factors, strict=True)),
        metrics=dict(zip(arguments.metrics, arguments.metrics, strict=True)),
        block=arguments.block,
        references=references,
    )
    check_options(given, "--reference")
    return given


def _listed(text: str) -> Sequence[str]:
    parts = map(str.strip, text.split(","))
    return tuple(filter(None, parts))
