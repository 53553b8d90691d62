"""Stage gallery: evaluation and health on a page each, and spectrograms of the worst errors to think about."""

from typing import get_args

import stage

import pandas as pd

from chorus import evaluation, pictures
from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.files import read_csv, read_json, write_text
from chorus.health.page import page
from chorus.options import parse
from chorus.sounds import read_sounds


def main() -> None:
    options = parse(pictures.PictureOptions, stage.params("pictures"), section="pictures")
    predictions = pd.read_parquet(stage.PREDICTIONS)
    detail = read_json(stage.METRICS / "evaluation_detail.json")
    curves = {path.stem: pd.read_csv(path) for path in sorted(stage.CURVES.glob("*.csv"))}
    pictures.draw_evaluation(curves, detail, stage.CURVES / "overview.png")
    health, history = read_json(stage.HEALTH_DETAIL), pd.read_csv(stage.TRAINING_CURVES)
    suspects = read_csv(stage.METRICS / "suspects.csv")
    write_text("reports/health.html", page("the run in the workspace", health, history, suspects))
    threshold = read_json(f"{stage.DETECTOR}.json")["threshold"]
    there = set(predictions["split"])
    split = next((name for name in (TEST_OOD, TEST_IID) if name in there), VALIDATION)
    for kind in get_args(evaluation.Kind):
        worst = evaluation.worst(predictions, split, kind, threshold=threshold)
        sounds = read_sounds(stage.RAW, list(worst["clip_id"]))
        sheet = []
        for clip in worst.itertuples():
            about = ", ".join(filter(None, [clip.site, clip.quality, clip.call_type]))
            title = f"{clip.clip_id}\nscore {clip.score:.3f} · {about}"
            sheet.append(pictures.SheetClip(title, sounds[clip.clip_id]))
        heading = f"Worst {kind.replace('_', ' ')} on {split}, threshold {threshold:.3f}"
        pictures.contact_sheet(sheet, stage.CURVES / f"{kind}.png", heading, options)
    print(f"training health: {health['verdict']}. {health['sentence']} python src/diagnose.py, or reports/health.html")


if __name__ == "__main__":
    stage.run(main)
