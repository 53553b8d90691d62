"""Is the training healthy, and if not, what to do? python src/diagnose.py [RUN] [--page FILE]

Without RUN: judges the run in the workspace (stage diagnose). With RUN, an experiment or any commit: shows what was
found then. --page also writes it as a page for the browser.
"""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import stage

import pandas as pd

from chorus.errors import DataError
from chorus.files import read_csv, read_json, write_csv, write_json, write_text
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.health.page import page
from chorus.health.words import verdict_in_words
from chorus.options import parse


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", metavar="RUN", help="an experiment, a branch, or a commit")
    parser.add_argument("--page", type=Path, metavar="FILE", help="an HTML file to write")
    arguments = parser.parse_args()
    detail, history = of_run(arguments.run) if arguments.run else of_workspace()
    if arguments.page:
        write_text(arguments.page, page(arguments.run or "the run in the workspace", detail, history))
    print(verdict_in_words(detail))


def of_workspace() -> tuple[dict[str, Any], pd.DataFrame]:
    """Judge it; write and return what was found."""
    options = parse(HealthOptions, stage.params("health"), section="health")
    history, model = pd.read_csv(stage.TRAINING_CURVES), read_json(f"{stage.DETECTOR}.json")
    predictions, training = pd.read_parquet(stage.PREDICTIONS), read_csv(stage.TRAINING_SET)
    evaluation = read_json(stage.METRICS / "evaluation_detail.json")
    health = judge(history, model, predictions, training, read_csv(stage.SPLITS), options, evaluation)
    write_json(stage.METRICS / "health.json", health.headline)
    write_json(stage.HEALTH_DETAIL, health.detail)
    write_csv(stage.PLOTS / "health" / "sources.csv", health.sources)
    write_csv(stage.PLOTS / "health" / "durations.csv", health.durations)
    write_csv(stage.PLOTS / "health" / "confusions.csv", health.facts.predicted)
    return health.detail, history


def of_run(run: str) -> tuple[dict[str, Any], pd.DataFrame]:
    """What was found in an experiment, branch or commit, and its curves."""
    import dvc.api
    from dvc.exceptions import FileMissingError, PathMissingError
    from dvc.scm import RevError

    try:
        detail, curves = (dvc.api.read(str(path), rev=run) for path in (stage.HEALTH_DETAIL, stage.TRAINING_CURVES))
    except RevError:
        raise DataError(f"there is no experiment, branch or commit {run!r}") from None
    except (FileMissingError, PathMissingError):
        raise DataError(f"{run} has no {stage.HEALTH_DETAIL}: it was made without the stage diagnose") from None
    return json.loads(detail), pd.read_csv(io.StringIO(curves))


if __name__ == "__main__":
    stage.run(main)
