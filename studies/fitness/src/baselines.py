"""Stage baselines: what every model is to beat, on the same folds."""

from pathlib import Path

import stage

from chorus.files import write_parquet
from chorus.options import parse
from fitness import baselines, dataset, targets


def main() -> None:
    options = parse(baselines.BaselineOptions, stage.params("baselines"), section="baselines")
    data = dataset.read(Path("data"))
    target = targets.shares_of(stage.params("evaluate.target"), data.records["score"])
    # Not the run's seed: a grid trains them once.
    judged, test = baselines.fit(data, target, options, stage.seed("split.seed"))
    write_parquet("data/baselines/folds.parquet", judged)
    write_parquet("data/baselines/test.parquet", test)
    print(f"{len(baselines.NAMES)} baselines on {data.folds} folds")


if __name__ == "__main__":
    stage.run(main)
