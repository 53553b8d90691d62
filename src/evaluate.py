"""Stage evaluate: how good the detector is, where, how sure we are, and what the trivial baselines reach."""

from functools import partial

import stage

from chorus import detector, embeddings, evaluation, paths
from chorus.clips import CANDIDATE
from chorus.files import read_csv, write_csv, write_json, write_parquet
from chorus.options import parse
from chorus.tasks import DETECTION
from chorus.training import load_head


def main() -> None:
    options = parse(evaluation.EvaluateOptions, stage.params("evaluate"), section="evaluate")
    clips, manifest = read_csv(paths.SPLITS), read_csv(paths.TRAINING_SET)
    known = embeddings.read(paths.EMBEDDINGS)
    saved = load_head(paths.DETECTOR, encoder_id=known.encoder_id)
    judged = clips[clips["split"] != CANDIDATE]
    judged = judged.assign(
        score=detector.score(saved.head.scores, known, judged["clip_id"]).to_numpy()
    )
    baselines = {}
    # of one class no regression can learn; the stage train has said so
    if set(manifest["label"]) == set(DETECTION.classes):
        training = detector.examples(manifest, clips, known)
        regression = partial(
            evaluation.logistic_regression_scores, training.features, training.labels == 1
        )
        baselines["logistic_regression"] = detector.score(regression, known, judged["clip_id"])
    result = evaluation.evaluate(
        judged, threshold=saved.threshold, baseline_scores=baselines, options=options
    )
    write_parquet(paths.PREDICTIONS, evaluation.predictions(judged))
    write_json(paths.EVALUATION_METRICS, result.headline)
    write_json(paths.EVALUATION_DETAIL, result.detail)
    for name, curve in evaluation.curves(judged).items():
        write_csv(paths.CURVES / f"{name}.csv", curve)


if __name__ == "__main__":
    stage.run(main)
