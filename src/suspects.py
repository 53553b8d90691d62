"""Stage suspects: which training clips are probably mislabelled, and the spectrograms of the first of them."""

import stage

from chorus import detector, embeddings, pictures
from chorus.errors import DataError
from chorus.files import read_csv, write_csv, write_json
from chorus.health import suspects
from chorus.options import parse
from chorus.sounds import read_sounds

SHOWN = 10


def main() -> None:
    clips, manifest = read_csv(stage.SPLITS), read_csv(stage.TRAINING_SET)
    known = embeddings.read(stage.EMBEDDINGS)
    try:
        ranked, note = suspects.suspects(detector.examples(manifest, clips, known)), ""
    except DataError as reason:  # too few clips or nights; the rest of the run does not depend on it
        ranked, note = suspects.nobody(), str(reason)
    about = {"clips": len(ranked), "auroc_of_unheard_nights": suspects.separation(ranked), "note": note}
    write_csv(stage.METRICS / "suspects.csv", ranked)
    write_json(stage.METRICS / "suspects.json", about)
    shown = ranked.head(SHOWN)
    sounds = read_sounds(stage.RAW, list(shown["clip_id"]))
    sheet = []
    for clip in shown.itertuples():
        title = f"{clip.rank}. {clip.clip_id}\nlabelled {clip.label}; probability by other nights {clip.score:.3f}"
        sheet.append(pictures.SheetClip(title, sounds[clip.clip_id]))
    heading = f"The {len(sheet)} most suspicious labels of {len(ranked)} training clips"
    shown_band = parse(pictures.PictureOptions, stage.params("pictures"), section="pictures")
    pictures.contact_sheet(sheet, stage.PLOTS / "health" / "suspects.png", heading, shown_band)
    stage.note(filter(None, [note]))
    if len(ranked):
        print(f"most suspicious: {', '.join(ranked['clip_id'].head(5))}; listen: python src/listen.py CLIP_ID")


if __name__ == "__main__":
    stage.run(main)
