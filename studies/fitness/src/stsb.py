"""The study's models on STS-B-DIR: python ../../src/run.py stsb, in studies/fitness, with its files in data/sts-b-dir

Mean squared error on the test set of plain training, label and feature distribution smoothing, beside the published.
"""

from pathlib import Path

import stage

import numpy as np

from chorus import parallel
from chorus.encoders import texts
from chorus.metrics.regression import rmse
from fitness import stsb, targets, training
from fitness.dataset import Scored
from fitness.vectors import Pairs

FOLDER = Path("data/sts-b-dir")
WAYS = {
    "plain": {"weights": training.WeightOptions(kind="none")},
    "lds": {"weights": training.WeightOptions(kind="lds")},
    "fds": {"weights": training.WeightOptions(kind="none"), "fds": True},
    "both": {"weights": training.WeightOptions(kind="lds"), "fds": True},
}


def main() -> None:
    parts = stsb.read(FOLDER)
    sentences = {row.first: row.sentence1 for part in parts.values() for row in part.itertuples()}
    sentences |= {row.second: row.sentence2 for part in parts.values() for row in part.itertuples()}
    with texts.model_folder(stage.params("encode.model")) as model:
        vectors, _ = texts.update(FOLDER / "vectors", model, sentences, workers=parallel.cores())
    scored = {}
    for name, part in parts.items():
        first, second = vectors.of(part["first"].tolist()), vectors.of(part["second"].tolist())
        scores, real = part["score"].to_numpy(np.float64), np.ones(len(part), bool)
        scored[name] = Scored(Pairs(first, second, first), scores, real)
    for way, changes in WAYS.items():
        options = training.TrainOptions(model="heteroscedastic", loss="mse", **changes)
        target = targets.shares_of("training", scored["dev"].scores)
        model = training.train(scored["train"], scored["dev"], target, options, stage.seed())
        said, _ = model.predict(scored["test"].pairs)
        error = rmse(scored["test"].scores / 2, said / 2) ** 2
        print(f"{way}: mean squared error {error:.3f}; published {stsb.PUBLISHED[way]:.3f}")


if __name__ == "__main__":
    stage.run(main)
