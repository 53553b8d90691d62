"""Pieces of long recordings: the columns onset and end of clips.csv."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import CANDIDATE
from chorus.errors import DataError
from chorus.reading.recording import MOST_HOURS
from chorus.survey.distinct import number, spread

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+")
_DIGITS = 6  # of a second: a twentieth of a sample at 48 kHz
_WORDS = ("span", "reason")
_SPARE = 0.05  # s: labels are rounded, and programs differ by a frame or two in where an MP3 ends


@dataclass(frozen=True, order=True)
class Span:
    """A piece of a recording: where it begins and ends, in seconds from the start of the file; 0 <= onset < end."""

    onset: float
    end: float

    def __str__(self) -> str:
        return f"{_plain(self.onset)}-{_plain(self.end)}"

    def check(self, seconds: float, min_seconds: float) -> None:
        """See whether a recording of so many seconds holds it.

        Raises:
            DataError: it does not, or less than `min_seconds` of it.
        """
        if self.end > seconds + _SPARE:
            raise DataError(
                f"span beyond the end of the file: it ends at {_plain(self.end)} of {seconds:.3f} s"
            )
        length = round(min(self.end, seconds) - self.onset, _DIGITS)
        if length < min_seconds:
            raise DataError(f"too short: {length:.3g} s of at least {min_seconds:g} s")


@dataclass(frozen=True)
class Cut:
    """What a clip is cut from: a file, by its path in the survey's folder, and the span; None is the whole file."""

    file: str
    span: Span | None = None

    @property
    def source(self) -> str:
        """How the survey's tables name it: the path, or "path@onset-end"."""
        if self.span is None:
            return self.file
        return f"{self.file}@{self.span}"


def read_span(onset: str, end: str) -> Span | None:
    """The span that a row's columns onset and end name; None when both are empty.

    Raises:
        DataError: one of them is missing, or no number, or they are no span. The text is the reason, for the
            quarantine.
    """
    if not onset and not end:
        return None
    if not end:
        raise DataError(f"an onset without an end: {onset}")
    if not onset:
        raise DataError(f"an end without an onset: {end}")
    span = Span(_seconds("onset", onset), _seconds("end", end))
    if span.end <= span.onset:
        raise DataError(f"span ends before it begins: onset {onset}, end {end}")
    return span


def holds_seconds(column: Iterable[str]) -> bool:
    """Whether a column holds any number of seconds, well written or not; 2024-03-12 20:35 is none."""
    return any(_NUMBER.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text) for text in column)


def read_spans(onsets: pd.Series, ends: pd.Series) -> pd.DataFrame:
    """The spans that rows name, see `read_span`; each different pair of texts is read once.

    Args:
        onsets, ends: columns of text, compact (see `distinct`).

    Returns:
        onset and end in seconds, NaN where none is named; span, as text, "" where none is named; reason, why it is no
        span, or "".
    """
    numbers, first = number([onsets, ends])
    read = [_try_span(*texts) for texts in zip(onsets.iloc[first], ends.iloc[first], strict=True)]
    different = pd.DataFrame(read, columns=["onset", "end", "span", "reason"])
    seconds = different[["onset", "end"]].astype(float).take(numbers).set_axis(onsets.index)
    words = {name: spread(different[name].astype("str"), numbers, onsets.index) for name in _WORDS}
    return seconds.assign(**words)


def contradicted(clips: pd.DataFrame) -> dict[int, int]:
    """Clips whose spans overlap in one file though their labels differ: position -> that of such another one.

    What a person labelled is not contradicted by the candidate pool, where "negative" is only assumed. Spans that only
    touch do not overlap.

    Args:
        clips: file, label and role, compact (see `distinct`); begin and stop in seconds, NaN: the whole file.
    """
    spans = pd.DataFrame(
        {
            "file": clips["file"].cat.codes.to_numpy(),
            "onset": clips["begin"].fillna(0.0).to_numpy(),
            "end": clips["stop"].fillna(math.inf).to_numpy(),
            "label": clips["label"].cat.codes.to_numpy(),
            "candidate": (clips["role"] == CANDIDATE).to_numpy(),
        }
    )
    # By columns to the few chains of overlapping spans that have two labels; only these are looked at one by one.
    # By file and onset, as overlaps are looked for; by end too, so that the order of the table decides nothing.
    spans = spans.iloc[np.lexsort((spans["end"], spans["onset"], spans["file"]))]
    cluster = _clusters(spans)
    labels = spans["label"].groupby(cluster)
    several = labels.transform("min") != labels.transform("max")
    spans = spans.assign(cluster=cluster)[several]  # few: most overlapping spans agree
    found: dict[int, int] = {}
    for _, rows in groupby(spans.itertuples(), key=lambda row: row.cluster):
        _sweep(rows, found)
    return found


def _clusters(spans: pd.DataFrame) -> pd.Series:
    """Numbers of the chains of spans of one file that overlap, of spans sorted by file and onset."""
    latest = spans["end"].groupby(spans["file"]).cummax()
    earlier = latest.groupby(spans["file"]).shift(fill_value=-math.inf)
    return (spans["onset"] >= earlier).cumsum()


def _sweep(rows: Iterable[Any], found: dict[int, int]) -> None:
    """Add to `found` what contradicts each other among rows of one file, sorted by onset."""
    running: list[Any] = []
    for row in rows:
        running = [other for other in running if other.end > row.onset]
        for other in running:
            if other.label == row.label:
                continue
            # Each of the two is to be left out, but what a person labelled is not for what is only assumed.
            for one, against in ((row, other), (other, row)):
                if one.candidate or not against.candidate:
                    found.setdefault(one.Index, against.Index)
        running.append(row)


def _try_span(onset: str, end: str) -> tuple[float | None, float | None, str, str]:
    try:
        span = read_span(onset, end)
    except DataError as reason:
        return None, None, "", str(reason)
    if span is None:
        return None, None, "", ""
    return span.onset, span.end, str(span), ""


def _seconds(column: str, text: str) -> float:
    if _DECIMAL_COMMA.fullmatch(text):
        raise DataError(f"no number of seconds: {column} {text} (write {text.replace(',', '.')})")
    if not _NUMBER.fullmatch(text):
        raise DataError(f"no number of seconds: {column} {text} (write it as 12.5)")
    # Rounded before it is judged: what is said of a span, and the name it gives the clip, are of the same digits.
    seconds = round(float(text), _DIGITS)
    if seconds < 0:
        raise DataError(f"negative {column}: {text}")
    if seconds > MOST_HOURS * 3600:
        raise DataError(
            f"span beyond the end of the file: {column} {text}, and none is longer than {MOST_HOURS} h"
        )
    return seconds + 0.0  # -0 is 0


def _plain(seconds: float) -> str:
    return f"{seconds:.{_DIGITS}f}".rstrip("0").rstrip(".")
