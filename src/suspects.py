"""Stage suspects: which training clips are probably mislabelled, and the spectrograms of the first of them."""

import stage
from chorus import audio, detector, embeddings, pictures, shards
from chorus.files import read_csv, write_csv
from chorus.health.suspects import suspects

SHOWN = 10


def main() -> None:
    clips, manifest = read_csv(stage.SPLITS), read_csv(stage.TRAINING_SET)
    ranked = suspects(detector.examples(manifest, clips, embeddings.read(stage.EMBEDDINGS)))
    write_csv(stage.METRICS / "suspects.csv", ranked)
    shard_of = clips.set_index("clip_id")["shard"]
    sheet = []
    for clip in ranked.head(SHOWN).itertuples():
        flac = shards.read_member(stage.RAW / shard_of[clip.clip_id], f"{clip.clip_id}.flac")
        title = f"{clip.rank}. {clip.clip_id}\nlabelled {clip.label}; probability by other nights {clip.score:.3f}"
        sheet.append(pictures.SheetClip(title, audio.decode_flac(flac)))
    heading = f"The {len(sheet)} most suspicious labels of {len(ranked)} training clips"
    pictures.contact_sheet(sheet, stage.PLOTS / "health" / "suspects.png", heading)
    print(f"most suspicious: {', '.join(ranked['clip_id'].head(5))}; listen: python src/listen.py CLIP_ID")


if __name__ == "__main__":
    stage.run(main)
