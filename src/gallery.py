"""Stage gallery: the worst errors and the most suspicious labels to look at; evaluation and health on a page each."""

import stage

import pandas as pd

from chorus import detector, embeddings, evaluation, paths, pictures
from chorus.evaluation import suspects
from chorus.files import read_csv, read_json, write_csv, write_json, write_text
from chorus.options import parse
from chorus.reports.health import page
from chorus.reports.sheets import sheet_of_suspects, sheets_of_errors


def main() -> None:
    options = parse(pictures.PictureOptions, stage.params("pictures"), section="pictures")
    predictions, measured = pd.read_parquet(paths.PREDICTIONS), read_json(paths.EVALUATION_DETAIL)
    health, history = read_json(paths.HEALTH_DETAIL), pd.read_csv(paths.TRAINING_CURVES)
    manifest, clips = read_csv(paths.TRAINING_SET), read_csv(paths.SPLITS)
    examples = detector.examples(manifest, clips, embeddings.read(paths.EMBEDDINGS))
    ranked, note = suspects.suspects_or_why_not(examples)
    write_csv(paths.METRICS / "suspects.csv", ranked)
    write_json(paths.SUSPECTS, suspects.describe(ranked, note))
    folder = paths.PLOTS / "gallery"
    threshold = measured["thresholds"]["headline"]
    for sheet in [*sheets_of_errors(predictions, threshold), sheet_of_suspects(ranked)]:
        sheet.draw(paths.RAW, folder, options)
    pictures.draw_evaluation(evaluation.curves(predictions), measured, folder / "overview.png")
    write_text("reports/health.html", page("the run in the workspace", health, history, ranked))
    stage.note(filter(None, [note]))
    if len(ranked):
        first = ", ".join(ranked["clip_id"].head(5))
        print(f"most suspicious: {first}; listen: chorus listen CLIP_ID")
    verdict = f"{health['verdict']}. {health['sentence']}"
    print(f"training health: {verdict} chorus diagnose, or reports/health.html")


if __name__ == "__main__":
    stage.run(main)
