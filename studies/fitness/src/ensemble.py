"""The mean of the models of many runs as a submission: python ../../src/run.py ensemble, in studies/fitness

The runs are named in params.yaml (ensemble.runs), by experiment (fitness_14), branch or commit, of the same test set;
"workspace" is the run here. Writes data/ensemble.csv, checked as the submission of one run is.
"""

import io

import stage

import pandas as pd

from chorus.experiments.outputs import output_of
from chorus.files import write_csv
from chorus.options import parse
from fitness.submission import EnsembleOptions, ensemble, submission

PREDICTIONS = "data/predictions/test.parquet"


def main() -> None:
    runs = parse(EnsembleOptions, stage.params("ensemble"), section="ensemble").runs
    parts = [predictions(run) for run in runs]
    scores = ensemble(parts)
    rejected = pd.read_csv("data/records/test_quarantine.csv")
    ids = parts[0]["id"].tolist()
    table = submission(ids, scores, records=len(ids) + len(rejected), instead=float(scores.mean()))
    write_csv("data/ensemble.csv", table)
    print(f"{len(table)} rows: the mean of {len(runs)} runs, {', '.join(runs)}")


def predictions(run: str) -> pd.DataFrame:
    """What the models of a run say of the test set; from DVC's cache, or its remote."""
    if run == "workspace":
        return pd.read_parquet(PREDICTIONS)
    return pd.read_parquet(io.BytesIO(output_of(run, PREDICTIONS)))


if __name__ == "__main__":
    stage.run(main)
