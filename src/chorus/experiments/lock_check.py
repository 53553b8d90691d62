"""Are the committed results those of dvc.lock? A number that was edited by hand is named; no data is needed for that.

dvc.lock holds a hash of every output of a stage, those that git keeps too. The tables of a grid, metrics/<sweep>/, are
made by no stage: `chorus.experiments.grid_check` makes them again.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pygit2
from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException
from dvc.repo import Repo

from chorus import paths
from chorus.errors import DataError
from chorus.files import read_yaml
from chorus.fingerprints import SOURCE, stale


def lock_problems(root: Path) -> list[str]:
    """What speaks against the results of the stages of a study, as they are in the workspace: one sentence each.

    A study that has not run yet has no results and no problems.

    Raises:
        DataError: dvc.yaml or dvc.lock cannot be read.
    """
    try:
        with Repo(str(root)) as repo:
            return edited_results(repo) + stray_results(repo) + stale_code(repo)
    except DvcException as error:
        raise DataError(" ".join(str(error).split())) from error


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
