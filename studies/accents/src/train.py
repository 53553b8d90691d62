"""Stage train: a network that learns the classes, judged after each epoch on speakers whom it never hears."""

import shutil
from dataclasses import asdict
from functools import partial
from pathlib import Path

import stage

from accents import fitting, live
from chorus.files import read_csv, write_csv, write_json, write_parquet
from chorus.options import parse
from chorus.paths import CODE, PREDICTIONS, SPLITS, TRAINING_CURVES, TRAINING_METRICS
from chorus.voices import networks, sequences
from chorus.voices.augment import AugmentOptions
from chorus.voices.dealing import audit
from chorus.voices.training import TrainOptions


def main() -> None:
    model = parse(networks.ModelOptions, stage.params("model"), section="model")
    augmenting = parse(AugmentOptions, stage.params("augment"), section="augment")
    options = parse(TrainOptions, stage.params("train"), section="train")
    run = fitting.Run(model, augmenting, options, stage.seed())
    samples = read_csv(SPLITS)
    # Here, too: a table that was edited since the split is not learned from.
    audit(samples)
    done = fitting.fit(
        samples,
        sequences.read(Path("data/heard") / model.encoder),
        run,
        unfinished=live.STATE,
        code=(CODE / "train.txt").read_text(encoding="utf-8"),
        on_epoch=partial(live.show, samples),
    )
    networks.save("models/accents", done.network, done.description | {"model": asdict(model)})
    write_parquet(PREDICTIONS, done.predictions)
    write_json(TRAINING_METRICS, done.metrics)
    write_csv(TRAINING_CURVES, live.curves(done.history))
    # Only when all is written: killed before, a run goes on from there.
    shutil.rmtree(live.FOLDER, ignore_errors=True)
    print(f"{done.metrics['stopped']}; epoch {done.metrics['kept_epoch']} kept")


if __name__ == "__main__":
    stage.run(main)
