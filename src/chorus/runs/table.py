"""Anybody's table of runs, made into one that our statistics take: one row a run, text levels, numbers as metrics."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from chorus.errors import DataError, ParameterError
from chorus.files import read_csv
from chorus.runs.levels import EMPTY, MISSING, levels
from chorus.runs.options import TableOptions

ONE_BLOCK = "all"
IDLE = "-"
RESERVED = ("run", "seed", "block")


@dataclass(frozen=True)
class Runs:
    """A table of runs and what its columns mean.

    frame: run, seed, block (text), a text column for each factor, a number column for each metric
        (NaN: not known).
    references: factor -> level to compare with. after_training: factors that do not act on the
        training.
    idle: factor -> (other factor, its level) at which the factor does nothing. labels: block ->
        words.
    """

    frame: pd.DataFrame
    factors: tuple[str, ...]
    metrics: tuple[str, ...]
    references: Mapping[str, str]
    after_training: tuple[str, ...] = ()
    idle: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def blocks(self) -> list[str]:
        """The blocks, in the order of their numbers ("stage9" before "stage10")."""
        return sorted(self.frame["block"].unique(), key=_by_number)

    def of(self, block: str) -> Runs:
        """The runs of one block.

        Raises:
            ParameterError: there is no such block.
        """
        if block not in set(self.frame["block"]):
            known = ", ".join(self.blocks())
            raise ParameterError(f"block: {block!r} is not allowed: one of {known}")
        return replace(self, frame=self.frame[self.frame["block"] == block].reset_index(drop=True))

    def with_metric(self, metric: str) -> Runs:
        """The runs for which a metric is known.

        Raises:
            ParameterError: there is no such metric.
        """
        self.check_metric(metric)
        known = np.isfinite(self.frame[metric])
        return replace(self, frame=self.frame[known].reset_index(drop=True))

    def check_metric(self, metric: str) -> None:
        """Raises: ParameterError: there is no such metric."""
        if metric not in self.metrics:
            raise ParameterError(
                f"metric: {metric!r} is not allowed: one of {', '.join(self.metrics)}"
            )

    def settled(self) -> Runs:
        """The same runs, with "-" as the level of a factor wherever it does nothing."""
        frame = self.frame.copy()
        for factor, (other, level) in self.idle.items():
            frame.loc[self.frame[other] == level, factor] = IDLE
        return replace(self, frame=frame)


def read_runs(given: TableOptions, folder: Path) -> Runs:
    """Read a table of runs.

    Args:
        folder: what the path of the CSV is relative to.

    Raises:
        DataError: the file or a column is missing, it is no CSV, a metric is no number, a seed or a
            name of a run is empty, or a name stands twice.
        ParameterError: the pattern of blocks is none, or fits a run not.
    """
    path = folder / given.runs
    if not path.is_file():
        raise DataError(f"runs: there is no {given.runs}")
    table = _read(path)
    wanted = [given.seed, *given.factors.values(), *given.metrics.values()]
    wanted += [column for column in (given.run, given.block) if column]
    if missing := [column for column in wanted if column not in table]:
        raise DataError(f"{path.name} lacks the columns {', '.join(missing)}")
    if table.empty:
        raise DataError(f"{path.name} holds no runs")
    for name in (*given.factors, *given.metrics):
        if name in RESERVED:
            raise ParameterError(
                f"{name}: not allowed as the name of a factor or metric: it names a column of ours"
            )
    columns: dict[str, pd.Series] = {
        "run": _run_names(table, given.run, path.name),
        "seed": _seeds(table[given.seed], given.seed),
        "block": _blocks(table, given),
    }
    for factor, column in given.factors.items():
        columns[factor] = levels(table[column], given.names, given.missing.get(factor, MISSING))
    for metric, column in given.metrics.items():
        columns[metric] = _numbers(table[column], column)
    return Runs(
        pd.DataFrame(columns),
        tuple(given.factors),
        tuple(given.metrics),
        given.references,
        given.after_training,
        {factor: _factor_and_level(where) for factor, where in given.idle.items()},
        given.labels,
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        return read_csv(path)
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise DataError(f"{path.name} is no table: {' '.join(str(error).split())}") from None


def configurations(frame: pd.DataFrame, factors: Sequence[str]) -> pd.Series:
    """The configuration of each run: its levels of these factors, in words."""
    if not factors:
        return pd.Series("the one configuration", index=frame.index)
    pattern = ", ".join(f"{factor}={{}}" for factor in factors)
    rows = frame[list(factors)].itertuples(index=False)
    return pd.Series([pattern.format(*row) for row in rows], index=frame.index)


def _factor_and_level(text: str) -> tuple[str, str]:
    factor, _, level = text.partition("=")
    return factor, level


def _run_names(table: pd.DataFrame, column: str, file: str) -> pd.Series:
    if not column:
        return pd.Series([f"row {number}" for number in range(1, len(table) + 1)])
    names = table[column].str.strip()
    if (names == "").any():
        raise DataError(f"{file}: a run has no name in the column {column}")
    if names.duplicated().any():
        raise DataError(f"{file}: the run {names[names.duplicated()].iloc[0]} stands twice")
    return names


def _seeds(cells: pd.Series, column: str) -> pd.Series:
    seeds = levels(cells)
    if (seeds == MISSING).any():
        raise DataError(f"{column}: {int((seeds == MISSING).sum())} runs have no seed")
    return seeds


def _blocks(table: pd.DataFrame, given: TableOptions) -> pd.Series:
    if not given.block:
        return pd.Series(ONE_BLOCK, index=table.index)
    cells = table[given.block]
    if not given.block_pattern:
        return levels(cells)
    try:
        pattern = re.compile(given.block_pattern)
    except re.error as error:
        raise ParameterError(
            f"block_pattern: {given.block_pattern!r} is not allowed: {error}"
        ) from None
    if pattern.groups < 1:
        raise ParameterError(
            f"block_pattern: {given.block_pattern!r} is not allowed: it needs a group"
        )
    found = cells.str.extract(pattern, expand=True)[0]
    if found.isna().any():
        raise ParameterError(
            f"block_pattern: {given.block_pattern!r} does not fit {cells[found.isna()].iloc[0]!r}"
        )
    return found


def _numbers(cells: pd.Series, column: str) -> pd.Series:
    # what is neither a number nor a word for nothing is a mistake in the table, and no gap
    text = cells.str.strip()
    empty = text.str.lower().isin(EMPTY)
    numbers = pd.to_numeric(text.mask(empty), errors="coerce")
    if (bad := ~np.isfinite(numbers) & ~empty).any():
        raise DataError(f"{column}: {cells[bad].iloc[0]!r} is no number")
    return numbers.astype("float64")


def _by_number(name: str) -> tuple[str, int, str]:
    """Sorts "stage9" before "stage10"."""
    digits = re.search(r"\d+", name)
    if digits is None:
        return name, -1, ""
    return name[: digits.start()], int(digits.group()), name[digits.end() :]
