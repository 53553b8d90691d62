"""Is the training healthy, and if not, what to do? chorus diagnose [RUN] [--page FILE]

Shows what the stage diagnose has found: of the run in the workspace, or of RUN, an experiment or any commit.
--page also writes it as a page for the browser.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.errors import DataError
from chorus.files import read_json, write_text
from chorus.health.words import verdict_in_words
from chorus.paths import HEALTH_DETAIL, TRAINING_CURVES
from chorus.reports.health import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and where to."""
    parser.add_argument(
        "run", nargs="?", metavar="RUN", help="an experiment, a branch, or a commit"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="an HTML file to write")


def run(arguments: argparse.Namespace) -> None:
    """Show the verdict."""
    if arguments.run:
        title, (detail, history) = arguments.run, _of_run(arguments.run)
    else:
        title, (detail, history) = "the run in the workspace", _of_workspace()
    if arguments.page:
        write_text(arguments.page, page(title, detail, history))
    print(verdict_in_words(detail))


def _of_workspace() -> tuple[dict[str, Any], pd.DataFrame]:
    if not (HEALTH_DETAIL.is_file() and TRAINING_CURVES.is_file()):
        raise DataError(f"there is no {HEALTH_DETAIL} with {TRAINING_CURVES}: dvc repro diagnose")
    return read_json(HEALTH_DETAIL), pd.read_csv(TRAINING_CURVES)


def _of_run(run: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """What was found in an experiment, branch or commit, and its curves."""
    # a second of imports, which the run in the workspace does without
    import dvc.api
    from dvc.exceptions import FileMissingError, PathMissingError
    from dvc.repo import Repo
    from dvc.scm import RevError

    study = Path.cwd().relative_to(Repo.find_root())  # DVC reads from the root of the repository
    try:
        detail = dvc.api.read(str(study / HEALTH_DETAIL), rev=run)
        curves = dvc.api.read(str(study / TRAINING_CURVES), rev=run)
    except RevError:
        raise DataError(f"there is no experiment, branch or commit {run!r}") from None
    except (FileMissingError, PathMissingError):
        raise DataError(
            f"{run} has no {HEALTH_DETAIL}: it was made without the stage diagnose"
        ) from None
    return json.loads(detail), pd.read_csv(io.StringIO(curves))
