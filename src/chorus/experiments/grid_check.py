"""Do the committed tables of a grid follow from its table of runs? A number that was edited by hand is named.

metrics/<sweep>/ is made from experiments and by no stage, so that dvc.lock knows nothing of it: what follows from
runs.csv is made again, and compared with what git keeps.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from chorus import paths
from chorus.errors import ChorusError
from chorus.experiments.grid import load_plan
from chorus.experiments.grid_effects import effects
from chorus.experiments.grid_tables import one_version, tables, with_numbers
from chorus.experiments.plan import Plan
from chorus.files import read_csv, read_yaml, write_csv

RUNS = "runs.csv"
# what follows from it -> the command that makes it
FOLLOWING = {
    "leaderboard.csv": "chorus leaderboard",
    "comparisons.csv": "chorus leaderboard",
    "effects.csv": "chorus effects",
}


def grid_problems(root: Path) -> list[str]:
    """What speaks against the committed tables of the grids of a study: one sentence each.

    They are of runs of several versions, or do not follow from the runs. A grid that has not run yet has no tables
    and no problems.
    """
    found = []
    for sweep in sorted((root / paths.SWEEPS).glob("*.yaml")):
        # a table that somebody edited may lack a column, or hold anything
        try:
            found += _problems(root, sweep)
        except KeyError as error:
            found.append(f"{_shown(sweep, RUNS)} lacks a column: {error}")
        except (ChorusError, ValueError) as error:
            found.append(f"{_shown(sweep, RUNS)}: {error}")
    return found


def _problems(root: Path, sweep: Path) -> list[str]:
    kept = _tables(root / paths.sweep_tables(sweep.stem))
    if not kept:
        return []
    if RUNS not in kept:
        return [f"{_shown(sweep, RUNS)} is missing, from which {', '.join(kept)} follow"]
    given, params = read_yaml(sweep), read_yaml(root / paths.PARAMS)
    plan = load_plan(given, params)
    made = _made_again(kept, plan)
    found = []
    for name, command in FOLLOWING.items():
        if name not in kept:
            continue
        if difference := _difference(made[name], kept[name]):
            found.append(
                f"{_shown(sweep, name)} does not follow from {_shown(sweep, RUNS)}: {difference}; "
                f"make it again: {command} {sweep.stem}"
            )
    return found


def _shown(sweep: Path, name: str) -> str:
    """A table of a sweep by its path in the study."""
    return (paths.sweep_tables(sweep.stem) / name).as_posix()


def _tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of a grid that are there, as text."""
    found = {}
    for name in (RUNS, *FOLLOWING):
        if (folder / name).exists():
            found[name] = _table(folder / name)
    return found


def _table(path: Path) -> pd.DataFrame:
    """A table; one without columns where the file has not even a header."""
    try:
        return read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _made_again(kept: Mapping[str, pd.DataFrame], plan: Plan) -> dict[str, pd.DataFrame]:
    """What follows from the runs of a grid, as a file has it: what that cannot hold, such as the last digits, is lost.

    Effects only where they are kept: a grid may have none.
    """
    runs = with_numbers(one_version(kept[RUNS]), plan.names)
    ranked = tables(runs, plan)
    made = {"leaderboard.csv": ranked.board, "comparisons.csv": ranked.comparisons}
    if "effects.csv" in kept:
        found = effects(runs, plan.metrics, plan.factors, plan.families)
        made["effects.csv"] = found.table()
    with tempfile.TemporaryDirectory() as folder:
        for name, table in made.items():
            write_csv(Path(folder) / name, table)
        return _tables(Path(folder))


def _difference(expected: pd.DataFrame, found: pd.DataFrame) -> str:
    """The first difference in words; "" when there is none."""
    if list(expected.columns) != list(found.columns):
        return f"its columns should be {', '.join(expected.columns)}"
    if len(expected) != len(found):
        return f"it should have {len(expected)} rows and has {len(found)}"
    differs = (expected != found).to_numpy()
    if not differs.any():
        return ""
    row, column = np.argwhere(differs)[0]
    at = f"row {row + 1}, column {expected.columns[column]}"
    return f"{at}: {found.iat[row, column]} should be {expected.iat[row, column]}"
