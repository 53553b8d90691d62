"""Check what can be checked without running anything: parameters, DVC's settings, your recordings, results.

chorus check              params.yaml, DVC's settings, and whether DVC can take your folder of recordings
chorus check --results    also metrics/, plots/ and reports/: those of dvc.lock, no number edited by hand
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chorus.commands import here
from chorus.errors import DataError
from chorus.experiments.sections import check_all, read_sections
from chorus.sharing.folder import refuse_what_dvc_cannot_take
from chorus.sharing.settings import find_config, refuse_secrets, unverified


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whether results are checked."""
    parser.add_argument("--results", action="store_true", help="also the committed results")


def run(arguments: argparse.Namespace) -> None:
    """Check one after the other; the first that is wrong ends it."""
    params = here.params()
    if sections := read_sections(here.STUDY):
        check_all(sections, params)
    _check_config()
    _check_recordings(params)
    if arguments.results:
        _check_results()


def _check_config() -> None:
    if config := find_config(Path.cwd()):
        refuse_secrets(config.read_text(encoding="utf-8"))
        for remedy in unverified(config.parent):
            print(f"warning: DVC would take damaged data: {remedy}", file=sys.stderr)


def _check_recordings(params: Mapping[str, Any]) -> None:
    """A folder of recordings must be there only where the survey is made; with its results pulled, it need not."""
    # a section without a value is None to YAML, and to its stage all defaults
    source = (params.get("survey") or {}).get("source", "demo")
    if source != "demo" and Path(source).is_dir():
        refuse_what_dvc_cannot_take(Path(source), "survey.source")


def _check_results() -> None:
    # DVC and the statistics take a second to import
    from chorus.experiments.grid_check import grid_problems
    from chorus.experiments.headline_check import headline_problems
    from chorus.experiments.lock_check import lock_problems

    found = lock_problems(here.STUDY) + grid_problems(here.STUDY) + headline_problems(here.STUDY)
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        raise DataError(
            "the results are not those of dvc.lock: git checkout -- FILE, or dvc repro, puts them right"
        )
    print("the results are those of dvc.lock")
