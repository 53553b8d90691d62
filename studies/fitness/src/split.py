"""Stage split: folds that keep a text on one side, and pairs that do not fit, made inside them."""

from pathlib import Path

import stage

import pandas as pd

from chorus.encoders import texts
from chorus.files import write_json, write_parquet
from chorus.options import parse
from chorus.paths import METRICS
from fitness import folds


def main() -> None:
    options = parse(folds.SplitOptions, stage.params("split"), section="split")
    wanted = parse(folds.NegativeOptions, stage.params("negatives"), section="negatives")
    records = pd.read_parquet("data/records/train.parquet")
    test = pd.read_parquet("data/records/test.parquet")
    records["fold"] = folds.assign(records, set(test["text_id"]), options)
    made = folds.negatives(records, texts.read(Path("data/embeddings/names")), wanted)
    write_parquet("data/manifests/folds.parquet", records)
    write_parquet("data/manifests/negatives.parquet", made)
    write_json(METRICS / "split.json", folds.summary(records, made))
    print(f"{options.folds} folds, {len(made)} pairs that do not fit")


if __name__ == "__main__":
    stage.run(main)
