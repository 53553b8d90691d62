"""The study in the current folder: its sweeps, its parameters, and whether this is the code of its repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import chorus
from chorus.errors import DataError, ParameterError
from chorus.paths import PARAMS, SUBSETS, SWEEPS

if TYPE_CHECKING:
    from chorus.experiments.study import Grid

STUDY = Path()  # commands work in the folder of a study; git and DVC find the repository above it


def refuse_foreign_code() -> None:
    """Refuse to work in a checkout with another checkout's code: its results would be of neither.

    Raises:
        DataError: names both, and says what to do.
    """
    root = _repository()
    if root is None:
        return
    # Most repositories have no chorus of their own: any installed one may work in them.
    own, running = root / "src/chorus", Path(chorus.__file__).resolve().parent
    if (own / "__init__.py").is_file() and own.resolve() != running:
        raise DataError(
            f"this is the chorus of {running.parent.parent}, and {root} has its own:"
            f" make setup there, then {root / '.venv/bin/chorus'}"
        )


def _repository() -> Path | None:
    """The nearest folder at or above this one that git keeps; None where there is none."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / ".git").exists():
            return folder
    return None


def params() -> dict[str, Any]:
    """The parameters of the study.

    Raises:
        ParameterError: there is no params.yaml, or it cannot be used.
    """
    from chorus.params import read_params  # brings pandas, which `chorus --help` does without

    return read_params(PARAMS)


def sweep_file(name: str) -> Path:
    """A sweep by its name ("stage6") or its file ("sweeps/stage6.yaml").

    Raises:
        ParameterError: there is none; names those that there are.
    """
    path = SWEEPS / f"{name}.yaml"
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    if path.is_file():
        return path
    known = ", ".join(sorted(file.stem for file in SWEEPS.glob("*.yaml"))) or "none in this folder"
    raise ParameterError(f"sweep: {name!r} is not allowed: there is no {path}; there are: {known}")


def sweep_of(run: str) -> Path:
    """The sweep that has a run of this name.

    Raises:
        ParameterError: there is none, or there are several.
    """
    from chorus.experiments.grid import load_plan
    from chorus.files import read_yaml

    values = params()
    files = sorted(SWEEPS.glob("*.yaml"))
    found = []
    for file in files:
        runs = load_plan(read_yaml(file), values).runs
        if any(each.name == run for each in runs):
            found.append(file)
    if len(found) == 1:
        return found[0]
    what, candidates = "no sweep has", files
    if found:
        what, candidates = "several sweeps have", found
    listed = ", ".join(file.stem for file in candidates) or "none in this folder"
    raise ParameterError(
        f"{what} a run {run!r}: name one with --sweep ({listed}), or a table of runs with --table"
    )


def open_grid(sweep: Path) -> Grid:
    """The runs of a sweep in this study; the names of its subsets are checked once there are subsets."""
    from chorus.composition import read_subsets
    from chorus.experiments.study import Grid
    from chorus.files import read_yaml

    subsets = {kind: list(read_subsets(SUBSETS / kind)) for kind in ("positive", "negative")}
    # before they are mined, a subset that a sweep names is not misspelt
    if not all(subsets.values()):
        subsets = {}
    return Grid(STUDY, read_yaml(sweep), subsets=subsets)
