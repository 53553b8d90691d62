"""Base clips of a study: one second each, one source each, dealt by source to those that learn and those that judge."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import soundfile
import soxr
from pydantic import Field

from chorus import shards
from chorus.errors import DataError, LeakageError, ParameterError
from chorus.files import read_csv
from chorus.options import options
from chorus.seeds import stable_fraction
from speech.conditions import RATE, Sound
from speech.demo import NONSPEECH, SPEECH, BaseClip, DemoOptions, cut_loudest

COLUMNS = ("clip_id", "label", "source", "kind", "part")
TRAIN, DEVELOPMENT, HOLDOUT, TEST = "train", "development", "holdout", "test"
SPLITS = (TRAIN, DEVELOPMENT, HOLDOUT, TEST)


@options
class ClipOptions:
    """folder: demo (computed), or your own: clips.csv with the columns file, label (SPEECH or NONSPEECH) and source
    (the speaker, the recording), and the audio files that it names. max_quarantined_share: of your files."""

    folder: Annotated[str, Field(min_length=1)] = "demo"
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    demo: DemoOptions = DemoOptions()


@options
class SplitOptions:
    """Shares of the sources of each class; the test gets the rest.

    development: chooses prompts and temperatures. holdout: development clips that no search of prompts sees."""

    train: Annotated[float, Field(gt=0, lt=1)] = 0.25
    development: Annotated[float, Field(gt=0, lt=1)] = 0.15
    holdout: Annotated[float, Field(gt=0, lt=1)] = 0.15
    seed: Annotated[int, Field(ge=0)] = 1


def read_folder(folder: Path) -> tuple[list[BaseClip], pd.DataFrame]:
    """The loudest second of each file that a clips.csv names, and the files that cannot be used, with the reason.

    Raises:
        DataError: no clips.csv, a column is missing, or a label is neither SPEECH nor NONSPEECH.
    """
    if not (folder / "clips.csv").is_file():
        raise DataError(f"clips.folder: there is no clips.csv in {folder}")
    table = read_csv(folder / "clips.csv")
    if missing := [name for name in ("file", "label", "source") if name not in table]:
        raise DataError(f"clips.csv has no column {missing[0]}; it needs file, label and source")
    if len(other := table[~table["label"].isin([SPEECH, NONSPEECH])]):
        row = other.iloc[0]
        raise DataError(
            f"clips.csv: the label {row['label']!r} of {row['file']} is neither {SPEECH} nor {NONSPEECH}"
        )
    found, rejected = [], []
    # One bad file must not cost the others: it is named and left out.
    for row in table.itertuples():
        try:
            sound = _read(folder / row.file)
        except DataError as error:
            rejected.append({"file": row.file, "reason": str(error)})
            continue
        # It becomes a file's name in a tar.
        name = f"{row.source}_{Path(row.file).stem}".replace("/", "_").replace(" ", "_")
        found.append(
            BaseClip(name, row.label, row.source, getattr(row, "kind", ""), "study", sound)
        )
    return found, pd.DataFrame(rejected, columns=["file", "reason"])


def _read(path: Path) -> Sound:
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise DataError(f"cannot be read: {' '.join(str(error).split())}") from None
    mono = samples.mean(axis=1)
    # 1e-4 is three steps of 16 bits: no louder is no sound.
    if not np.isfinite(mono).all() or len(mono) < 0.1 * rate or np.abs(mono).max() < 1e-4:
        raise DataError("not finite, shorter than 0.1 s, or silent")
    heard = soxr.resample(mono, rate, RATE, quality="HQ")
    return cut_loudest(heard, 0, 1)


def write_clips(folder: Path, clips: Iterable[BaseClip]) -> pd.DataFrame:
    """A shard of FLAC for each part, and clips.csv; the table.

    Raises:
        DataError: two clips of one id.
    """
    parts: dict[str, dict[str, bytes]] = {}
    rows = []
    for clip in clips:
        members = parts.setdefault(clip.part, {})
        if f"{clip.clip_id}.flac" in members:
            raise DataError(f"two clips are called {clip.clip_id}")
        members[f"{clip.clip_id}.flac"] = _flac(clip.sound)
        rows.append([getattr(clip, name) for name in COLUMNS])
    for part, members in parts.items():
        # Sorted, so that the order of a clips.csv changes no byte.
        shards.write_shard(folder / f"{part}.tar", dict(sorted(members.items())))
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("clip_id", ignore_index=True)


def read_clips(folder: Path, table: pd.DataFrame) -> list[Sound]:
    """The sounds of the rows of a table, in its order."""
    found = {}
    for part in sorted(set(table["part"])):
        for name, data in shards.read_shard(folder / f"{part}.tar"):
            samples, _ = soundfile.read(io.BytesIO(data), dtype="float32")
            found[name.removesuffix(".flac")] = samples
    return [found[clip] for clip in table["clip_id"]]


def split(table: pd.DataFrame, given: SplitOptions) -> pd.DataFrame:
    """The study's clips with their split: every source in one, the sources of each class dealt by a stable hash.

    Raises:
        ParameterError: the shares leave nothing for the test. DataError: a split has no source of a class.
    """
    shares = (given.train, given.development, given.holdout)
    if sum(shares) >= 1:
        raise ParameterError(f"split: shares of {sum(shares):g} leave no source for the test")
    table = table[table["part"] == "study"].reset_index(drop=True)
    if len(mixed := table.groupby("source")["label"].nunique().loc[lambda n: n > 1]):
        raise DataError(f"the source {mixed.index[0]} has clips of both classes")
    # By class, so that every split has both; by a hash, so that a new source moves few others.
    of_source: dict[str, str] = {}
    for label in (SPEECH, NONSPEECH):
        found = set(table.loc[table["label"] == label, "source"])
        names = sorted(found, key=lambda name: stable_fraction(given.seed, name))
        # Bounds are rounded, not counts, so that every source is dealt.
        bounds = np.round(np.cumsum([0, *shares, 1 - sum(shares)]) * len(names)).astype(int)
        for place, name in enumerate(SPLITS):
            dealt = names[bounds[place] : bounds[place + 1]]
            if not dealt:
                raise DataError(
                    f"{name} has no source of {label}: {len(names)} sources are too few"
                )
            of_source |= dict.fromkeys(dealt, name)
    table["split"] = table["source"].map(of_source)
    audit(table)
    return table


def audit(table: pd.DataFrame) -> None:
    """Refuse a table in which a source, or a clip, is in two splits.

    Raises:
        LeakageError: names it. A split by rows, as the original's was, ends here: variants of a clip share its source.
    """
    for column in ("source", "clip_id"):
        splits = table.groupby(column)["split"].nunique()
        if len(leaked := splits[splits > 1]):
            raise LeakageError(f"{column} {leaked.index[0]} is in several splits")


def counts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Clips and sources of each class in each split."""
    found: dict[str, dict[str, int]] = {}
    for name in SPLITS:
        rows = table[table["split"] == name]
        found[name] = {}
        for label in (SPEECH, NONSPEECH):
            inside = rows[rows["label"] == label]
            found[name] |= {
                f"{label}_clips": len(inside),
                f"{label}_sources": inside["source"].nunique(),
            }
    return found


def speech(table: pd.DataFrame) -> np.ndarray:
    """bool (n,): whether each clip is speech."""
    return np.asarray(table["label"] == SPEECH, np.bool_)


def _flac(sound: Sound) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.clip(sound, -1, 1), RATE, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def of_split(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The rows of some splits, in the order of the table."""
    return table[table["split"].isin(list(names))].reset_index(drop=True)
