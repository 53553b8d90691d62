"""A detector's error rates from its scores of labelled clips, night by night."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import NEGATIVE, POSITIVE
from chorus.errors import DataError
from chorus.season.expectations import Rate, clustered_rate, intra_night_correlation

COLUMNS = ("label", "score", "night")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorRates:
    """false_positives: of negative clips. misses: of positive ones. The correlations are those within nights."""

    false_positives: Rate
    misses: Rate
    correlation_of_false_positives: float
    correlation_of_misses: float

    @property
    def recall(self) -> float:
        """The share of positives that are detected."""
        return 1 - self.misses.rate


@dataclass(frozen=True)
class NightCounts:
    """What a detector did on labelled nights: each a pair of (wrong clips, clips), by night, of nights with any.

    false_positives: of negative clips. misses: of positive ones.
    """

    false_positives: tuple[Floats, Floats]
    misses: tuple[Floats, Floats]


def read_scores(path: Path, split: str) -> pd.DataFrame:
    """The scored clips of one test set.

    Args:
        path: a Parquet file with a row a clip: split, label, score, night.

    Raises:
        DataError: the file is missing or no Parquet, lacks a column, or has no clips of this split.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}")
    try:
        clips = pd.read_parquet(path)
    # pyarrow tells a file that is no Parquet by a ValueError, and a damaged page of one by an OSError.
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    if missing := [column for column in ("split", *COLUMNS) if column not in clips]:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    chosen = clips[clips["split"] == split]
    if chosen.empty:
        known = ", ".join(sorted(clips["split"].unique()))
        raise DataError(f"{path} has no clips of {split}: there are {known}")
    return chosen.reset_index(drop=True)


def error_rates(clips: pd.DataFrame, threshold: float) -> ErrorRates:
    """How often negatives are called positive, and positives are missed, counted by nights.

    Args:
        clips: of one test set: label, score, night (`chorus.clips.site_nights`).
        threshold: a clip with this score or a higher one is called positive.

    Raises:
        DataError: a score is not finite, or a class has clips of fewer than two nights.
    """
    counts = night_counts(clips, threshold)
    return ErrorRates(
        false_positives=clustered_rate(*counts.false_positives),
        misses=clustered_rate(*counts.misses),
        correlation_of_false_positives=intra_night_correlation(*counts.false_positives),
        correlation_of_misses=intra_night_correlation(*counts.misses),
    )


def night_counts(clips: pd.DataFrame, threshold: float) -> NightCounts:
    """How many negatives were called positive in each night, and how many positives were missed.

    Args:
        clips, threshold: as for `error_rates`.

    Raises:
        DataError: a score is not finite.
    """
    if not np.isfinite(clips["score"]).all():
        raise DataError("scores must be finite")
    called = clips["score"] >= threshold
    return NightCounts(_by_night(clips, NEGATIVE, called), _by_night(clips, POSITIVE, ~called))


def _by_night(clips: pd.DataFrame, label: str, wrong: pd.Series) -> tuple[Floats, Floats]:
    chosen = clips["label"] == label
    # Nights without a clip of this label fall out: they say nothing of its errors.
    by_night = wrong[chosen].groupby(clips.loc[chosen, "night"])
    return by_night.sum().to_numpy(np.float64), by_night.size().to_numpy(np.float64)
