"""Stage gallery: the worst errors and the most suspicious labels to look at; evaluation and health on a page each."""

from pathlib import Path
from typing import get_args

import stage

import pandas as pd

from chorus import detector, embeddings, evaluation, paths, pictures
from chorus.clips import TEST_IID, TEST_OOD, VALIDATION
from chorus.errors import DataError
from chorus.evaluation import suspects
from chorus.files import read_csv, read_json, write_csv, write_json, write_text
from chorus.options import parse
from chorus.reports.health import page
from chorus.sounds import read_sounds

SHOWN = 10  # of the suspects


def main() -> None:
    options = parse(pictures.PictureOptions, stage.params("pictures"), section="pictures")
    draw_worst(options)
    ranked = rank_suspects()
    draw_suspects(ranked.head(SHOWN), len(ranked), options)
    detail = read_json(paths.EVALUATION_DETAIL)
    curves = {path.stem: pd.read_csv(path) for path in sorted(paths.CURVES.glob("*.csv"))}
    pictures.draw_evaluation(curves, detail, paths.EVALUATION / "overview.png")
    health, history = read_json(paths.HEALTH_DETAIL), pd.read_csv(paths.TRAINING_CURVES)
    write_text("reports/health.html", page("the run in the workspace", health, history, ranked))
    print(
        f"training health: {health['verdict']}. {health['sentence']} chorus diagnose, or reports/health.html"
    )


def draw_worst(options: pictures.PictureOptions) -> None:
    """The most confident errors of each kind, on the hardest split that there is."""
    predictions = pd.read_parquet(paths.PREDICTIONS)
    threshold = read_json(f"{paths.DETECTOR}.json")["threshold"]
    there = set(predictions["split"])
    split = next((name for name in (TEST_OOD, TEST_IID) if name in there), VALIDATION)
    for kind in get_args(evaluation.Kind):
        worst = evaluation.worst(predictions, split, kind, threshold=threshold)
        titles = {}
        for clip in worst.itertuples():
            about = ", ".join(filter(None, [clip.site, clip.quality, clip.call_type]))
            titles[clip.clip_id] = f"{clip.clip_id}\nscore {clip.score:.3f} · {about}"
        heading = f"Worst {kind.replace('_', ' ')} on {split}, threshold {threshold:.3f}"
        draw(titles, paths.EVALUATION / f"{kind}.png", heading, options)


def rank_suspects() -> pd.DataFrame:
    """The training clips, the probably mislabelled first; written, and returned."""
    clips, manifest = read_csv(paths.SPLITS), read_csv(paths.TRAINING_SET)
    examples = detector.examples(manifest, clips, embeddings.read(paths.EMBEDDINGS))
    try:
        ranked, note = suspects.suspects(examples), ""
    except (
        DataError
    ) as reason:  # too few clips or nights; the rest of the run does not depend on it
        ranked, note = suspects.nobody(), str(reason)
    about = {
        "clips": len(ranked),
        "auroc_of_unheard_nights": suspects.separation(ranked),
        "note": note,
    }
    write_csv(paths.METRICS / "suspects.csv", ranked)
    write_json(paths.SUSPECTS, about)
    stage.note(filter(None, [note]))
    if len(ranked):
        print(
            f"most suspicious: {', '.join(ranked['clip_id'].head(5))}; listen: chorus listen CLIP_ID"
        )
    return ranked


def draw_suspects(shown: pd.DataFrame, of: int, options: pictures.PictureOptions) -> None:
    """The first of the suspects."""
    titles = {}
    for clip in shown.itertuples():
        about = f"labelled {clip.label}; probability by other nights {clip.score:.3f}"
        titles[clip.clip_id] = f"{clip.rank}. {clip.clip_id}\n{about}"
    heading = f"The {len(titles)} most suspicious labels of {of} training clips"
    draw(titles, paths.PLOTS / "health" / "suspects.png", heading, options)


def draw(
    titles: dict[str, str], path: Path, heading: str, options: pictures.PictureOptions
) -> None:
    """A sheet of clips, by their ids, with a title each."""
    sounds = read_sounds(paths.RAW, list(titles))
    sheet = [pictures.SheetClip(title, sounds[clip]) for clip, title in titles.items()]
    pictures.contact_sheet(sheet, path, heading, options)


if __name__ == "__main__":
    stage.run(main)
