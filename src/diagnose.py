"""Is the training healthy, and if not, what to do? python src/diagnose.py [RUN]

Without RUN: judges the run in the workspace (stage diagnose). With RUN, an experiment or any commit: shows what was
found then.
"""

import argparse
import json

import pandas as pd

import stage
from chorus.errors import DataError
from chorus.files import read_csv, read_json, write_csv, write_json
from chorus.health.judge import judge
from chorus.health.options import HealthOptions
from chorus.health.words import in_words
from chorus.options import parse

DETAIL = stage.METRICS / "health_detail.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", metavar="RUN", help="an experiment, a branch, or a commit")
    run = parser.parse_args().run
    if run is None:
        judge_workspace()
    print(in_words(of_run(run) if run else read_json(DETAIL)))


def judge_workspace() -> None:
    options = parse(HealthOptions, stage.params("health"), section="health")
    history, model = pd.read_csv(stage.TRAINING_CURVES), read_json(f"{stage.DETECTOR}.json")
    health = judge(history, model, pd.read_parquet(stage.PREDICTIONS), read_csv(stage.SPLITS), options)
    write_json(stage.METRICS / "health.json", health.headline)
    write_json(DETAIL, health.detail)
    write_csv(stage.PLOTS / "health" / "sites.csv", health.sites)
    write_csv(stage.PLOTS / "health" / "confusions.csv", health.facts.predicted)


def of_run(run: str) -> dict[str, object]:
    """What was found in an experiment, branch or commit."""
    import dvc.api
    from dvc.exceptions import FileMissingError
    from dvc.scm import RevError

    try:
        return dict(json.loads(dvc.api.read(str(DETAIL), rev=run)))
    except RevError:
        raise DataError(f"there is no experiment, branch or commit {run!r}") from None
    except FileMissingError:
        raise DataError(f"{run} has no {DETAIL}: it was made before there was a stage diagnose") from None


if __name__ == "__main__":
    stage.run(main)
