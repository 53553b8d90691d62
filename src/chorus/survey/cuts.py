"""Pieces of long recordings: the columns onset and end of clips.csv."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chorus.clips import CANDIDATE
from chorus.errors import DataError
from chorus.reading.recording import MOST_HOURS

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+")
_DIGITS = 6  # of a second: a twentieth of a sample at 48 kHz
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
        return self.file if self.span is None else f"{self.file}@{self.span}"


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


def contradicted(rows: Sequence[Mapping[str, str]]) -> dict[int, int]:
    """Rows about one file of which the spans overlap but the labels differ: position -> position of such another one.

    What a person labelled is not contradicted by the candidate pool, where "negative" is only assumed. Spans that only
    touch do not overlap.

    Args:
        rows: of one file, with label, role, onset and end.
    """
    spans = [read_span(row["onset"], row["end"]) or Span(0.0, math.inf) for row in rows]
    found: dict[int, int] = {}
    running: list[int] = []
    for number in sorted(range(len(rows)), key=lambda position: spans[position]):
        running = [other for other in running if spans[other].end > spans[number].onset]
        for other in running:
            if rows[other]["label"] == rows[number]["label"]:
                continue
            for one, against in ((number, other), (other, number)):
                if rows[one]["role"] == CANDIDATE or rows[against]["role"] != CANDIDATE:
                    found.setdefault(one, against)
        running.append(number)
    return found


def _seconds(column: str, text: str) -> float:
    if _DECIMAL_COMMA.fullmatch(text):
        raise DataError(f"no number of seconds: {column} {text} (write {text.replace(',', '.')})")
    if not _NUMBER.fullmatch(text):
        raise DataError(f"no number of seconds: {column} {text} (write it as 12.5)")
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
