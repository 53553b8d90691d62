"""Listen to a clip and look at it: python src/listen.py CLIP_ID writes a WAV file and a spectrogram."""

import argparse
from pathlib import Path

import stage

from chorus import audio, pictures
from chorus.errors import DataError
from chorus.files import read_csv
from chorus.options import parse
from chorus.sounds import read_sounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip_id", help="as in data/raw/clips.csv")
    parser.add_argument("--out", type=Path, default=Path("listen"), help="folder to write to (default: listen)")
    arguments = parser.parse_args()
    clips = read_csv(stage.CLIPS).set_index("clip_id")
    if arguments.clip_id not in clips.index:
        near = [clip for clip in clips.index if clip.startswith(arguments.clip_id)][:5]
        raise DataError(f"no clip {arguments.clip_id!r} in {stage.CLIPS}; beginning like it: {near or 'none'}")
    clip = clips.loc[arguments.clip_id]
    pcm = read_sounds(stage.RAW, [arguments.clip_id])[arguments.clip_id]
    title = " · ".join(filter(None, [arguments.clip_id, clip["label"], clip["quality"], clip["site"], clip["source"]]))
    audio.write_wav(arguments.out / f"{arguments.clip_id}.wav", pcm)
    options = parse(pictures.PictureOptions, stage.params("pictures"), section="pictures")
    pictures.draw_spectrogram(pcm, arguments.out / f"{arguments.clip_id}.png", title, options)
    print(title)
    print(f"{arguments.out / arguments.clip_id}.wav and .png")


if __name__ == "__main__":
    stage.run(main)
