"""What survey and encode cost: memory for files of many hours, and time for one more night.

    python benchmarks/survey.py [--hours 1 6 24] [--nights 100] [--clips 20] [--encoder birdnet]

Prints, for one recording of so many hours (8 kHz, 16 bit, as a WAV of which the header is wrong, and as FLAC), the peak
memory and processor time of a process that makes a shard of it. Then, for a survey of many nights, how many files are
read, how many clips encoded, and the processor time of the stages survey and encode (embeddings and fingerprints): from
nothing, again, and with one more night. Quote ratios.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
import numpy as np
import soundfile as sf

from chorus import encoding, prints, survey
from chorus.encoders import EncodeOptions
from chorus.files import replacing_folder
from chorus.survey import RecordedClip

RATE = 8_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=int, nargs="*", default=[1, 6, 24])
    parser.add_argument("--nights", type=int, default=100)
    parser.add_argument("--clips", type=int, default=20, help="clips of 3 s in a night")
    parser.add_argument("--encoder", default="birdnet", help="birdnet or logmel")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        build_one(arguments.build)
        return
    with tempfile.TemporaryDirectory() as name:
        long_files(Path(name), arguments.hours)
    with tempfile.TemporaryDirectory() as name:
        one_more_night(
            Path(name), arguments.nights, arguments.clips, EncodeOptions(encoder=arguments.encoder)
        )


def long_files(folder: Path, hours: list[int]) -> None:
    """Peak memory of a process that builds a survey of one long recording."""
    print("one recording:")
    for kind in ("wav", "flac"):
        for length in hours:
            path = folder / f"{length}.{kind}"
            write_hours(path, length)
            command = [sys.executable, __file__, "--build", str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            print(
                f"  {length:2d} h, {path.stat().st_size / 1e6:6.0f} MB of {kind:<4} {said.strip()}"
            )
            path.unlink()


def write_hours(path: Path, hours: int) -> None:
    """A minute of noise, again and again; a WAV's header then loses its sizes."""
    minute = np.random.default_rng(0).normal(0, 500, 60 * RATE).astype(np.int16)
    with sf.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        for _ in range(60 * hours):
            file.write(minute)
    if path.suffix == ".wav":
        with path.open("r+b") as header:
            header.seek(40)
            header.write(b"\0\0\0\0")


def build_one(path: Path) -> None:
    """Build a survey of one file, and print what that took."""
    out = path.parent / "raw"
    built = survey.build([_clip(path)], out, workers=1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    windows = built.clips["windows"].sum()
    print(
        f"{used.ru_maxrss / 1024:6.0f} MB, {used.ru_utime + used.ru_stime:6.1f} s of processor, {windows} windows"
    )


@dataclass(frozen=True)
class _Timed:
    """Files read, clips encoded, and seconds of processor time."""

    read: int
    encoded: int
    survey: float
    encode: float

    def __str__(self) -> str:
        both = self.survey + self.encode
        work = f"{self.read:5d} files read, {self.encoded:5d} clips encoded"
        return (
            f"{work}: survey {self.survey:6.2f} s, encode {self.encode:6.2f} s, both {both:6.2f} s"
        )


def one_more_night(folder: Path, nights: int, clips: int, encoder: EncodeOptions) -> None:
    """Survey and encode many nights, do it again, and do it with one more."""
    sources = []
    for night in range(nights + 1):
        for number in range(clips):
            path = folder / f"{night:03d}_{number}.wav"
            noise = np.random.default_rng((night, number)).normal(0, 500, 144_000).astype(np.int16)
            sf.write(path, noise, 48_000)
            sources.append(_clip(path, night))
    print(f"\n{nights} nights of {clips} clips, {encoder.encoder}:")
    some = sources[:-clips]
    _update(sources[:clips], folder / "first", encoder)  # imports
    first = _update(some, folder, encoder)
    print(f"  {'from nothing':<20} {first}")
    for name, chosen in (("again", some), ("with one more night", sources)):
        timed = _update(chosen, folder, encoder)
        shares = timed.survey / first.survey, timed.encode / first.encode
        both = (timed.survey + timed.encode) / (first.survey + first.encode)
        print(
            f"  {name:<20} {timed}; of that from nothing {shares[0]:.1%}, {shares[1]:.1%}, {both:.1%}"
        )


def _update(sources: list[RecordedClip], folder: Path, encoder: EncodeOptions) -> _Timed:
    """What the stages survey and encode do, in this one process."""
    earlier = survey.Earlier(folder / "raw", folder / "memory.json")
    begin = time.process_time()
    with replacing_folder(folder / "raw") as raw:
        built = survey.build(sources, raw, workers=1, earlier=earlier)
    survey.remember(earlier, built)
    surveyed = time.process_time()
    clips = built.clips.astype("str")  # as they are read from clips.csv
    result = encoding.update(folder / "embeddings", clips, folder / "raw", encoder, workers=1)
    prints.update(folder / "prints", clips, folder / "raw", workers=1)
    return _Timed(built.read, result.computed, surveyed - begin, time.process_time() - surveyed)


def _clip(path: Path, night: int = 0) -> RecordedClip:
    columns = ("call_type", "speaker", "site", "recording", "split", "quality")
    meta = dict.fromkeys(columns, "") | {
        "label": "negative",
        "role": "labelled",
        "source": path.name,
    }
    date = np.datetime64("2024-01-01") + night
    return RecordedClip(meta | {"recorder": "A", "night": str(date)}, path, 0.5)


if __name__ == "__main__":
    main()
