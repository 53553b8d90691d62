"""Listen to a clip and look at it: writes a WAV file and a spectrogram."""

from __future__ import annotations

import argparse
from pathlib import Path

from chorus import audio, paths, pictures
from chorus.commands import here
from chorus.errors import DataError
from chorus.files import read_csv
from chorus.options import parse
from chorus.sounds import read_sounds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which clip, and where to."""
    parser.add_argument("clip_id", help="as in data/raw/clips.csv")
    parser.add_argument(
        "--out", type=Path, default=Path("listen"), help="folder to write to (default: listen)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Write both.

    Raises:
        DataError: there is no such clip; names some that begin like it.
    """
    clips = read_csv(paths.CLIPS).set_index("clip_id")
    if arguments.clip_id not in clips.index:
        near = [clip for clip in clips.index if clip.startswith(arguments.clip_id)][:5]
        raise DataError(
            f"no clip {arguments.clip_id!r} in {paths.CLIPS}; beginning like it: {near or 'none'}"
        )
    clip = clips.loc[arguments.clip_id]
    pcm = read_sounds(paths.RAW, [arguments.clip_id])[arguments.clip_id]
    about = [arguments.clip_id, clip["label"], clip["quality"], clip["site"], clip["source"]]
    title = " · ".join(filter(None, about))
    audio.write_wav(arguments.out / f"{arguments.clip_id}.wav", pcm)
    options = parse(pictures.PictureOptions, here.params().get("pictures"), section="pictures")
    pictures.draw_spectrogram(pcm, arguments.out / f"{arguments.clip_id}.png", title, options)
    print(title)
    print(f"{arguments.out / arguments.clip_id}.wav and .png")
