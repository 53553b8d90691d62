"""The clips that most runs get wrong, whatever they were trained on: what to look at and listen to first."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import LABELS, POSITIVE, SAMPLE_RATE
from chorus.errors import DataError
from chorus.pictures import PictureOptions, thumbnail
from chorus.sounds import read_sounds

ALL = PictureOptions()
# Times what the spectrograms show is kept of a sound: its timbre, at a fraction of the size.
_HEARD = 2
# Columns of predictions; the others are of a clip.
_OF_A_RUN = ("run", "seed", "threshold", "clip_id", "split", "score")
# Shares of runs that are wrong -> the end of each band.
_BANDS = {"never": 0.0, "to 10 %": 0.1, "to 50 %": 0.5, "to 90 %": 0.9, "above": 1.0}


@dataclass(frozen=True)
class HardClip:
    """A clip to look at. about: its row of `wrong_shares`; picture: PNG; sound: FLAC; None without the audio."""

    about: Mapping[str, Any]
    picture: bytes | None = None
    sound: bytes | None = None


def hard_clips(
    shares: pd.DataFrame, raw: Path, shown: PictureOptions = ALL, each: int = 6
) -> tuple[list[HardClip], str]:
    """The hardest clips of each label that any run gets wrong, with what can be seen and heard of them.

    Args:
        shares: of `wrong_shares`.
        raw: see `read_sounds`. shown: of the spectrograms.

    Returns:
        The clips; and why they have no pictures and sounds, "" if they have.
    """
    wrong = shares[shares["wrong"] > 0]
    rows = wrong.groupby("label", sort=False).head(each).to_dict("records")
    try:
        sounds = read_sounds(raw, [row["clip_id"] for row in rows])
    # A page without sound is still a page.
    except DataError as error:
        return [HardClip(row) for row in rows], str(error)
    clips = []
    for row in rows:
        samples = sounds[row["clip_id"]]
        sound = listenable(samples, shown.highest_hz)
        clips.append(HardClip(row, thumbnail(samples, shown), sound))
    return clips, ""


def wrong_shares(predictions: pd.DataFrame, split: str) -> pd.DataFrame:
    """For each clip of a split, the share of the runs that are wrong about it at their own thresholds.

    Args:
        predictions: one row a run and clip: run, seed, threshold, clip_id, split, label, score, and what describes a
            clip.

    Returns:
        One row a clip, the hardest first (ties: the further its mean score is from its label, then by clip id):
        clip_id, what describes it (label, site, night ...), runs, wrong (share of the runs), mean_score.

    Raises:
        DataError: there is no clip of this split, or the runs were not all judged on the same clips.
    """
    table = predictions[predictions["split"] == split]
    if table.empty:
        raise DataError(f"the predictions hold no clip of {split}")
    positive = table["label"] == POSITIVE
    # At each run's own threshold, as its evaluation: the same score may be right in one run and wrong in another.
    table = table.assign(
        wrong=(table["score"] >= table["threshold"]) != positive,
        distance=(table["score"] - positive.astype(float)).abs(),
    )
    of_a_clip = [str(name) for name in predictions.columns if name not in _OF_A_RUN]
    # in the order of the table, what was drawn as a whole at the end
    about = sorted(of_a_clip, key="night".__eq__)
    gathered = {name: (name, "first") for name in about}
    gathered |= {"runs": ("run", "nunique"), "wrong": ("wrong", "mean")}
    gathered |= {"mean_score": ("score", "mean"), "distance": ("distance", "mean")}
    shares = table.groupby("clip_id", as_index=False).agg(**gathered)
    if shares["runs"].nunique() > 1 or len(table) != len(shares) * shares["runs"].iloc[0]:
        raise DataError(f"the runs were not all judged on the same clips of {split}")
    order = ["wrong", "distance", "clip_id"]
    ordered = shares.sort_values(order, ascending=[False, False, True], ignore_index=True)
    return ordered.drop(columns="distance")


def wrong_counts(shares: pd.DataFrame) -> list[dict[str, object]]:
    """How many clips of each label are wrong in no run, in some, in nearly all.

    Returns:
        For each label in the table: label, clips, and counts: name of the band -> clips in it.
    """
    names, ends = list(_BANDS), list(_BANDS.values())
    rows: list[dict[str, object]] = []
    for label in LABELS:
        wrong = shares.loc[shares["label"] == label, "wrong"].to_numpy()
        if not len(wrong):
            continue
        # less a hair, so that a share which is an end of a band, but for rounding, is in that band
        reached = np.searchsorted(ends, wrong - 1e-12, side="left")
        counted = np.bincount(reached, minlength=len(names)).tolist()
        counts = dict(zip(names, counted, strict=True))
        rows.append({"label": label, "clips": len(wrong), "counts": counts})
    return rows


def listenable(samples: NDArray[np.int16], highest_hz: float) -> bytes:
    """A clip as FLAC at a low rate, small enough for a page; the same bytes for the same samples.

    Args:
        samples: int16 (n,) at 48 kHz.
        highest_hz: up to where spectrograms show; twice as much can be heard.
    """
    import soundfile
    import soxr

    content = io.BytesIO()
    # Two samples a period of the highest frequency that is kept (Nyquist), and no more than there are.
    rate = min(SAMPLE_RATE, round(2 * _HEARD * highest_hz))
    reduced = soxr.resample(samples, SAMPLE_RATE, rate)
    soundfile.write(content, reduced, rate, format="FLAC", subtype="PCM_16")
    return content.getvalue()
