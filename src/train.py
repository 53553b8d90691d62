"""Stage train: a head on the embeddings of the composed training set."""

import stage

import pandas as pd

from chorus import detector, embeddings, paths
from chorus.files import read_csv, write_csv, write_json
from chorus.health.measures import with_differences
from chorus.health.options import HealthOptions
from chorus.leakage import audit_training
from chorus.options import parse
from chorus.training import HeadOptions, save_head


def main() -> None:
    options = parse(HeadOptions, stage.params("train"), section="train")
    seed = stage.seed()
    clips, manifest = read_csv(paths.SPLITS), read_csv(paths.TRAINING_SET)
    # Again, though compose has done it: a manifest is a file, which somebody may have edited or brought along.
    audit_training(manifest["clip_id"], clips)
    known = embeddings.read(paths.EMBEDDINGS)
    groups = parse(HealthOptions, stage.params("health"), section="health").groups_of(clips)
    trained = detector.fit(
        manifest, clips, known, options, seed, consistency_groups=groups, on_epoch=show
    )
    save_head(trained, paths.DETECTOR, encoder_id=known.encoder_id, options=options, seed=seed)
    write_json(paths.TRAINING_METRICS, trained.metrics)
    write_csv(paths.TRAINING_CURVES, with_differences(trained.curves))
    kept = f"epoch {trained.summary['kept_epoch']} kept, epoch {trained.best_epoch} best on the validation part"
    print(f"{trained.summary['stopped']}: {kept}")
    stage.note(trained.summary["notes"])


def show(history: list[dict[str, float]]) -> None:
    """Write the curves so far, for `dvc plots show` and the VS Code extension to watch while it trains."""
    write_csv(paths.TRAINING_CURVES, with_differences(pd.DataFrame(history)))


if __name__ == "__main__":
    stage.run(main)
