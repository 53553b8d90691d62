"""Does the forecast of an RMSE contain it? The fitness study's demo, drawn anew many times.

    python benchmarks/fitness_forecast.py [--redraws 100] [--model ridge|pairs]

Minutes; needs the embeddings of studies/fitness (`dvc repro encode` there). A redraw is a training set with the real
skew and a flat, hidden test set, from one pool of texts; folds, models and the forecast are made anew. The forecast
knows the training set, the texts of the test set, and the stated distribution of its scores; then the scores are looked
at. The vectors of the pool stay in the machine's temporary folder, for the next run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from tempfile import gettempdir

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "studies/fitness/src"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import pandas as pd

from chorus import parallel
from chorus.encoders import texts as encoder
from chorus.files import read_json
from chorus.metrics.regression import rmse
from chorus.metrics.scores import shares
from fitness import (
    baselines,
    crossfit,
    dataset,
    demo,
    evaluation,
    folds,
    predictions,
    records,
    training,
)
from fitness.targets import UNIFORM

ROOT = Path(__file__).resolve().parents[1]
METRICS = read_json(ROOT / "studies/fitness/demo/metric_names.json")
POOL = 1  # seed of the texts
STATED = shares(demo.TEST)
EMBEDDINGS = ROOT / "studies/fitness/data/embeddings"
LONGEST = 12_000  # characters


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--redraws", type=int, default=100)
    parser.add_argument("--model", choices=("ridge", "pairs"), default="ridge")
    arguments = parser.parse_args()
    store = embed(Path(gettempdir()) / "chorus-fitness-pool")
    rows = parallel.each(
        redraw,
        [(seed, arguments.model) for seed in range(100, 100 + arguments.redraws)],
        workers=parallel.cores(),
        initializer=begin,
        initargs=(store,),
    )
    report(pd.DataFrame(rows, columns=["reached", "foreseen", "low", "high", "validation"]))


def report(found: pd.DataFrame) -> None:
    inside = ((found["low"] <= found["reached"]) & (found["reached"] <= found["high"])).sum()
    width = ((found["high"] - found["low"]) / found["foreseen"]).median()
    error = found["foreseen"] - found["reached"]
    print(found.describe().loc[["mean", "min", "max"]].round(3).to_string())
    print(f"foreseen less reached: mean {error.mean():+.3f}, SD {error.std():.3f}")
    print(
        f"{inside} of {len(found)} intervals contain the RMSE of the hidden test set; median width {width:.0%}"
    )


def draw(seed: int) -> tuple[records.Records, records.Records, np.ndarray]:
    """Training records, test records, and the hidden scores of these."""
    learn = demo.draw(METRICS, demo.TRAINING, "train", seed, POOL)
    hidden = demo.draw(METRICS, demo.TEST, "test", seed, POOL)
    read = [
        records.read(part.records, scored=part is learn, max_characters=LONGEST)
        for part in (learn, hidden)
    ]
    return read[0], read[1], np.array(hidden.scores)


def embed(store: Path) -> Path:
    """Vectors of all texts of the pool: of the study's what it has, the others here."""
    pool = [text for part in ("train", "test") for text in demo.texts(part, POOL)]
    items = [text | {"metric_name": METRICS[0]} for text in pool]
    tables = records.read(items, scored=False, max_characters=LONGEST).texts
    wanted = dict(zip(tables["text_id"], tables["text"], strict=True))
    if not store.exists():
        shutil.copytree(EMBEDDINGS / "texts", store)
    with encoder.model_folder(encoder.PACKAGED) as model:
        _, computed = encoder.update(store, model, wanted, workers=parallel.cores())
    print(f"{computed} of {len(wanted)} texts encoded", flush=True)
    return store


VECTORS: list[encoder.TextVectors] = []  # of a worker: texts, metrics, names


def begin(store: Path) -> None:
    names = encoder.read(EMBEDDINGS / "names")
    VECTORS[:] = [encoder.read(store), names, names]


def redraw(task: tuple[int, str]) -> tuple[float, ...]:
    """A row of the table."""
    seed, model = task
    return outcome(seed, *draw(seed), model)


def outcome(
    number: int,
    learn: records.Records,
    test: records.Records,
    hidden: np.ndarray,
    model: str,
) -> tuple[float, float, float, float, float]:
    """The RMSE reached, its forecast with interval, and the RMSE on the folds as they are."""
    table = learn.kept
    table["fold"] = folds.assign(table, set(test.kept["text_id"]), folds.SplitOptions(seed=number))
    made = folds.negatives(table, VECTORS[2], folds.NegativeOptions(seed=number))
    table = table[table["fold"] != folds.SET_ASIDE].reset_index(drop=True)
    data = dataset.Data(table, made, test.kept, (VECTORS[0], VECTORS[1], VECTORS[2]))
    judged, members = by_ridge(data) if model == "ridge" else by_pairs(data, number)
    given = evaluation.Predicted(judged, members, {}, test.kept, hidden)
    found = evaluation.expected(given, dict(STATED), {"resamples": 1000, "seed": number})
    reached = rmse(hidden, members.mean(axis=0))
    return reached, found.value, found.low, found.high, rmse(judged["score"], judged["prediction"])


def by_pairs(data: dataset.Data, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    fitted = crossfit.fit(data, UNIFORM, training.TrainOptions(), seed)
    columns = predictions.member_columns(fitted.test)
    return fitted.judged, np.stack(
        [fitted.test[names].to_numpy().mean(axis=1) for names in columns]
    )


def by_ridge(data: dataset.Data) -> tuple[pd.DataFrame, np.ndarray]:
    given = baselines.BaselineOptions()
    asked = data.asked
    judged, members = [], []
    for number in range(data.folds):
        fold = data.fold(number)
        predict = baselines.ridge(fold, UNIFORM, given)
        judged.append(fold.records.assign(prediction=predict(fold.judge)))
        members.append(predict(asked))
    return pd.concat(judged), np.stack(members)


if __name__ == "__main__":
    main()
