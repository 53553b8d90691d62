"""Near-copies: which planted ones are found, and what is taken for one that is none.

Run: python benchmarks/near_copies.py FOLDER [--clips 200] [--min-seconds 0.4]
FOLDER holds recordings in any format that libsndfile reads. Every clip is copied in each of several ways and sought
among all clips of the folder. The pairs that are found without any planting are listed: a person judges whether they
are alarms about nothing (in ESC-10, file names with one source number are known to be cuts of one recording).
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import chorus  # noqa: F401  before NumPy

# isort: split
import numpy as np
import soundfile as sf
from scipy.signal import resample_poly
from tqdm import tqdm

from chorus import audio, prints
from chorus.clips import SAMPLE_RATE
from chorus.copies import copies
from chorus.errors import DataError

Pcm = np.ndarray


def encoded(**how: object) -> Callable[[Pcm], Pcm]:
    """Through a lossy format and back."""

    def copy(pcm: Pcm) -> Pcm:
        file = io.BytesIO()
        sf.write(file, pcm, SAMPLE_RATE, **how)
        file.seek(0)
        return sf.read(file, dtype="int16")[0][: len(pcm)]

    return copy


def louder(pcm: Pcm) -> Pcm:
    """By 0.1 dB."""
    return np.clip(np.rint(pcm * 10 ** (0.1 / 20)), -32768, 32767).astype(np.int16)


def one_sample(pcm: Pcm) -> Pcm:
    changed = pcm.copy()
    changed[len(pcm) // 3] ^= 1
    return changed


def later(seconds: float) -> Callable[[Pcm], Pcm]:
    return lambda pcm: pcm[round(seconds * SAMPLE_RATE) :]


def narrow(pcm: Pcm) -> Pcm:
    """Through 16 kHz."""
    slow = resample_poly(pcm.astype(np.float64), 1, 3)
    return np.clip(np.rint(resample_poly(slow, 3, 1)), -32768, 32767).astype(np.int16)[: len(pcm)]


KINDS: dict[str, Callable[[Pcm], Pcm]] = {
    "+0.1 dB": louder,
    "a tenth as loud": lambda pcm: np.rint(pcm * 0.1).astype(np.int16),
    "turned over": lambda pcm: np.maximum(pcm, -32767) * np.int16(-1),
    "one sample changed": one_sample,
    "MP3, best": encoded(format="MP3", compression_level=0.0),
    "MP3, middle": encoded(format="MP3", compression_level=0.5),
    "MP3, worst": encoded(format="MP3", compression_level=0.99),
    "OGG, middle": encoded(format="OGG", subtype="VORBIS", compression_level=0.5),
    "through 16 kHz": narrow,
    "begins 0.1 s later": later(0.1003),
    "begins 0.5 s later": later(0.5003),
    "begins 1.5 s later": later(1.5003),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=200, help="so many are copied")
    parser.add_argument("--min-seconds", type=float, default=0.4)
    options = parser.parse_args()
    originals: dict[str, Pcm] = {}
    files = [path for path in sorted(options.folder.rglob("*")) if path.is_file()]
    for path in tqdm(files, desc="reading"):
        try:
            originals[path.stem] = audio.read_audio(path, min_seconds=options.min_seconds)
        except DataError as error:
            print(f"{path.name}: {error}")
    windows = {name: audio.fit_windows(pcm, "zeros", 0.5) for name, pcm in originals.items()}
    known = _prints(windows)
    alarms = copies(known)
    print(f"{len(windows)} clips, {len(alarms)} pairs among themselves")
    print(alarms.to_string(max_rows=20))
    copied = list(originals)[:: max(1, len(originals) // options.clips)]
    print(f"of {len(copied)} planted copies found:")
    for kind, change in KINDS.items():
        planted = {f"copy of {name}": change(originals[name]) for name in copied}
        kept = {
            name: pcm
            for name, pcm in planted.items()
            if len(pcm) >= options.min_seconds * SAMPLE_RATE
        }
        fitted = {name: audio.fit_windows(pcm, "zeros", 0.5) for name, pcm in kept.items()}
        if not fitted:
            continue
        pairs = copies(_joined(known, _prints(fitted)))
        right = pairs[pairs["b"] == "copy of " + pairs["a"]]
        wrong = pairs[pairs["b"].str.startswith("copy of ") & ~pairs["b"].isin(right["b"])]
        lowest = f"lowest similarity {right['similarity'].min():.2f}" if len(right) else ""
        print(
            f"{kind:<20} {len(right):>5} of {len(fitted):<5} {len(wrong):>3} of another clip  {lowest}",
            flush=True,
        )


def _prints(clips: dict[str, Pcm]) -> prints.Prints:
    contents = [prints.window_contents(pcm) for pcm in clips.values()]
    words = [prints.fingerprint(pcm) for pcm in clips.values()]
    lengths = np.array([len(of_clip) for of_clip in contents])
    return prints.Prints(
        np.array(list(clips)), lengths, np.concatenate(words), np.concatenate(contents)
    )


def _joined(*parts: prints.Prints) -> prints.Prints:
    fields = ("clip_ids", "windows", "words", "contents")
    return prints.Prints(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in fields)
    )


if __name__ == "__main__":
    main()
