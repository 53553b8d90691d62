"""Folders as two public corpora lay them out, understood without a clips.csv.

ESC-50 (Piczak 2015): `meta/esc50.csv` and `audio/`; a source is the freesound recording that takes were cut from.
VoxConverse (Chung et al. 2020): `*.rttm` beside or above `*.wav`; a source is a speaker of a recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile
import soxr

from chorus.errors import DataError
from chorus.files import read_csv
from speech.conditions import RATE
from speech.demo import NONSPEECH, SPEECH, BaseClip, cut_loudest

COLUMNS = ("file", "label", "source", "kind", "onset", "end")
HUMAN = frozenset(  # classes of ESC-50 that a voice makes: neither speech nor surely none
    ("crying_baby", "sneezing", "breathing", "coughing", "laughing", "snoring")
)


def read(folder: Path) -> tuple[list[BaseClip], pd.DataFrame]:
    """The loudest second of each file or stretch of speech, and those that cannot be used, with the reason.

    Raises:
        DataError: see `listed`.
    """
    found, rejected = [], []
    for number, row in enumerate(listed(folder).itertuples()):
        try:
            sound = _stretch(folder / row.file, row.onset, row.end)
        except DataError as error:
            rejected.append({"file": row.file, "reason": str(error)})
            continue
        name = f"{row.source}_{number:05d}"
        clip = cut_loudest(sound, 0, 1)
        found.append(BaseClip(name, row.label, row.source, row.kind, "study", clip))
    return found, pd.DataFrame(rejected, columns=["file", "reason"])


def _stretch(path: Path, onset: float, end: float) -> np.ndarray:
    """From onset to end, in s, at the rate of the study; float64."""
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            # Behind the end seeking fails; at the end too little is read, which is said below.
            file.seek(min(round(onset * rate), file.frames))
            wanted = -1 if np.isinf(end) else round((end - onset) * rate)
            samples = file.read(wanted, dtype="float64", always_2d=True).mean(axis=1)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"cannot be read: {' '.join(str(error).split())}") from None
    usable = np.isfinite(samples).all() and len(samples) >= 0.1 * rate
    if not usable or np.abs(samples).max() < 1e-4:
        raise DataError("shorter than 0.1 s, silent, or not finite")
    return np.asarray(soxr.resample(samples, rate, RATE, quality="HQ"))


def listed(folder: Path) -> pd.DataFrame:
    """What lies in the trees of a folder: a row a file, or a stretch of a second of speech or more; in s.

    Raises:
        DataError: there is neither of the two, or a file of theirs is not as expected.
    """
    rows = [*_esc50(folder), *_voxconverse(folder)]
    if not rows:
        raise DataError(
            f"clips.folder: {folder} has no clips.csv, no meta/esc50.csv and no .rttm of VoxConverse"
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _esc50(folder: Path) -> Iterator[tuple[object, ...]]:
    for meta in sorted(folder.rglob("meta/esc50.csv")):
        table = read_csv(meta)
        if missing := [name for name in ("filename", "category", "src_file") if name not in table]:
            raise DataError(f"{meta.relative_to(folder)} has no column {missing[0]}")
        audio = (meta.parents[1] / "audio").relative_to(folder)
        for row in table[~table["category"].isin(HUMAN)].itertuples():
            file = (audio / row.filename).as_posix()
            yield file, NONSPEECH, f"esc50_{row.src_file}", row.category, 0.0, np.inf


def _voxconverse(folder: Path) -> Iterator[tuple[object, ...]]:
    sounds = {path.stem: path for path in sorted(folder.rglob("*.wav"))}
    for path in sorted(folder.rglob("*.rttm")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            fields = line.split()
            if not fields or fields[0] != "SPEAKER":
                continue
            if len(fields) < 8:
                raise DataError(f"{path.name}, line {number}: a SPEAKER line has 8 fields or more")
            name, speaker = fields[1], fields[7]
            try:
                onset, length = float(fields[3]), float(fields[4])
            except ValueError:
                raise DataError(
                    f"{path.name}, line {number}: {fields[3]} and {fields[4]} are no times in seconds"
                ) from None
            if name not in sounds:
                raise DataError(f"{path.name}, line {number}: there is no {name}.wav")
            # Shorter turns would have to be padded, and the study cuts its short ones itself.
            if length >= 1:
                file = sounds[name].relative_to(folder).as_posix()
                source = f"voxconverse_{name}_{speaker}"
                yield file, SPEECH, source, "", onset, onset + length
