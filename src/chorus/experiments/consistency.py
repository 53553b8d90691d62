"""Are the committed results those of dvc.lock? A number that was edited by hand is named; no data is needed for that.

dvc.lock holds a hash of every output of a stage, those that git keeps too. The tables of a grid, metrics/<sweep>/, are
made from experiments and no stage: what follows from the table of runs is computed anew.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pygit2
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo

from chorus import paths
from chorus.errors import ChorusError, DataError
from chorus.experiments.grid import Plan, load_plan, read_sweep
from chorus.experiments.grid_effects import effects
from chorus.experiments.grid_tables import one_version, tables, with_numbers
from chorus.files import read_csv, read_yaml, write_csv
from chorus.fingerprints import SOURCE, stale

GRID_TABLES = ("runs.csv", "leaderboard.csv", "comparisons.csv", "effects.csv")


def problems(root: Path) -> list[str]:
    """What speaks against the results in the folder of a study, as they are in the workspace: one sentence each.

    A study that has not run yet has no results and no problems.

    Raises:
        DataError: dvc.yaml or dvc.lock cannot be read.
    """
    try:
        with Repo(str(root)) as repo:
            found = edited_results(repo) + stray_results(repo) + stale_code(repo)
    except DvcException as error:
        raise DataError(" ".join(str(error).split())) from error
    for sweep in sorted((root / paths.SWEEPS).glob("*.yaml")):
        found += edited_grid(root, sweep)
    return found


def edited_results(repo: Repo) -> list[str]:
    """Results that are not what dvc.lock says, and stages whose input is not what the stage before them made.

    Args:
        repo: at the workspace, or switched to a revision.
    """
    stages = repo.index.stages
    found = []
    made: dict[str, Any] = {}
    for out in (out for stage in stages for out in stage.outs):
        place = place_of(out)
        made[place] = out
        if out.use_cache:
            continue  # kept by DVC, which names a file by its hash: it cannot be edited in place
        if out.hash_info and not out.exists:
            found.append(
                f"{place} is missing: dvc.lock says that the stage {out.stage.name} made it"
            )
        elif out.exists and not out.hash_info:
            found.append(f"{place} is of no run: dvc.lock has nothing about it")
        elif out.exists and out.changed_checksum():
            found.append(
                f"{place} is not what the stage {out.stage.name} made: dvc.lock has another hash"
            )
    for dep in (dep for stage in stages for dep in stage.deps):
        place = place_of(dep)
        if place not in made or not dep.hash_info:  # no hash: it never ran
            continue
        if dep.hash_info != made[place].hash_info:
            found.append(
                f"dvc.lock does not fit together: {dep.stage.name} used another {place} "
                f"than the stage {made[place].stage.name} made"
            )
    return found


def place_of(part: Any) -> str:
    """Where an output or a dependency lies in the repository: studies call their files alike."""
    folder = posixpath.dirname(part.stage.path_in_repo)
    return str(posixpath.normpath(posixpath.join(folder, part.def_path)))


def stale_stages(repo: Repo) -> list[str]:
    """Stages whose parameters or code have changed since they ran: what they made is of the old ones.

    Stages that never ran made nothing, and are not named.
    """
    found = []
    outputs = {place_of(out) for stage in repo.index.stages for out in stage.outs}
    for stage in repo.index.stages:
        changed: list[str] = []
        for dep in stage.deps:
            if isinstance(dep, ParamsDependency):
                changed += _changed_params(dep)
            elif place_of(dep) not in outputs and _has_changed(dep):
                # what another stage makes is that stage's matter: it would name all that follow it
                changed.append(place_of(dep))
        if changed:
            found.append(
                f"the stage {stage.name} was not run since a change of {', '.join(sorted(changed))}"
            )
    return found


def _changed_params(dep: ParamsDependency) -> list[str]:
    changed: list[str] = []
    for keys in dep.status().values():
        # not a mapping of keys, but the word "new", where the stage never ran
        if isinstance(keys, dict):
            changed += keys
    return changed


def _has_changed(dep: Any) -> bool:
    return bool(dep.exists and dep.hash_info and dep.changed_checksum())


def stale_code(repo: Repo) -> list[str]:
    """Stages whose code means something else now than when the fingerprints were taken.

    Raises:
        DataError: code whose imports cannot be followed (`chorus.fingerprints`).
    """
    root = Path(repo.root_dir)
    if not (root / "dvc.yaml").exists():
        return []
    stages = read_yaml(root / "dvc.yaml").get("stages", {})
    return [f"{path} is not of the code in {SOURCE}/: dvc repro" for path in stale(root, stages)]


def stray_results(repo: Repo) -> list[str]:
    """Files in the folders of results that git tracks, but neither a stage nor a grid makes."""
    root = Path(repo.root_dir)
    grids = {path.stem for path in (root / paths.SWEEPS).glob("*.yaml")}
    made = {place_of(out) for stage in repo.index.stages for out in stage.outs}
    results = tuple(f"{folder}/" for folder in paths.RESULTS)
    found = []
    for path in _tracked(repo, root):
        if not path.startswith(results):
            continue
        of_grid = Path(path.split("/")[1]).stem in grids  # plots/stage6/..., reports/stage6.html
        of_stage = any(path == out or path.startswith(f"{out}/") for out in made)
        if not (of_grid or of_stage):
            found.append(f"{path} is made by no stage of dvc.yaml and by no grid")
    return found


def _tracked(repo: Repo, root: Path) -> Iterator[str]:
    """The files that git tracks in the folder of a study, by their paths in it."""
    git = pygit2.Repository(repo.scm.root_dir)
    inside = root.relative_to(Path(repo.scm.root_dir)).as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    for entry in git.index:
        if entry.path.startswith(prefix):
            yield entry.path.removeprefix(prefix)


def edited_grid(root: Path, sweep: Path) -> list[str]:
    """What is wrong with the tables of a grid: runs of several versions, or tables that do not follow from the runs.

    Args:
        root: the folder of the study.
        sweep: a file in sweeps/; its tables lie in metrics/<name of the file>/.
    """
    folder = root / paths.sweep_tables(sweep.stem)
    path = folder / "runs.csv"
    name = path.relative_to(root).as_posix()
    if not path.exists():
        orphans = [other for other in GRID_TABLES if (folder / other).exists()]
        if not orphans:
            return []
        return [f"{name} is missing, from which {', '.join(orphans)} follow"]
    try:
        plan = load_plan(read_sweep(sweep), read_yaml(root / paths.PARAMS))
        runs = with_numbers(read_csv(path), plan.names)
        one_version(runs)
    # a table that somebody edited may lack a column, or hold anything
    except (ChorusError, ValueError, KeyError) as error:
        return [f"{name}: {error}"]
    found = []
    for table in _derived(plan, sweep.stem, runs):
        committed = folder / table.name
        if not committed.exists():
            continue
        try:
            # both as text: what a file cannot hold, such as the last digits, is no difference
            difference = _difference(_as_written(table.make()), _table(committed))
        except ChorusError as error:
            return [f"{name}: {error}"]
        if difference:
            found.append(
                f"{committed.relative_to(root).as_posix()} does not follow from {name}: {difference}; "
                f"make it again: {table.command}"
            )
    return found


@dataclass(frozen=True)
class _Derived:
    """A table that follows from the table of runs."""

    # `make` is called later, and only where there is a committed table to compare with
    name: str
    command: str
    make: Callable[[], pd.DataFrame]


def _derived(plan: Plan, name: str, runs: pd.DataFrame) -> Iterator[_Derived]:
    command = f"chorus leaderboard {name}"
    yield _Derived("leaderboard.csv", command, lambda: tables(runs, plan).board)
    yield _Derived("comparisons.csv", command, lambda: tables(runs, plan).comparisons)
    yield _Derived(
        "effects.csv",
        f"chorus effects {name}",
        lambda: effects(runs, plan.metrics, plan.factors, plan.families).table(),
    )


def _table(path: Path) -> pd.DataFrame:
    """A table; one without columns where the file has not even a header."""
    try:
        return read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _as_written(table: pd.DataFrame) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        write_csv(Path(folder) / "table.csv", table)
        return read_csv(Path(folder) / "table.csv")


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
