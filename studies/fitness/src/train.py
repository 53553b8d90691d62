"""Stage train: a model for each fold and member, and what each predicts of the records that it never saw."""

from pathlib import Path

import stage

import pandas as pd

from chorus.files import write_csv, write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS, TRAINING_CURVES
from fitness import crossfit, dataset, targets, training

MODELS = Path("models/pairs")


def main() -> None:
    options = parse(training.TrainOptions, stage.params("train"), section="train")
    data = dataset.read(Path("data"))
    target = targets.shares_of(stage.params("evaluate.target"), data.records["score"])
    seed = stage.seed()
    fitted = crossfit.fit(data, target, options, seed)
    crossfit.save(fitted, MODELS, options, seed)
    write_parquet("data/predictions/folds.parquet", fitted.judged)
    write_parquet("data/predictions/test.parquet", fitted.test)
    write_json(METRICS / "training.json", fitted.summary)
    write_csv(TRAINING_CURVES, pd.DataFrame(fitted.curves))
    print(
        f"{len(fitted.models)} models; RMSE {fitted.summary['validation_rmse']:.3f} on the folds that stopped them"
    )


if __name__ == "__main__":
    stage.run(main)
