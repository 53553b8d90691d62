"""The user's own recordings as sources of clips."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from chorus import quarantine
from chorus.audio import Heard
from chorus.errors import DataError
from chorus.reading import Recording, examine
from chorus.survey.clip_table import ClipTable, read_clip_table
from chorus.survey.cuts import Span
from chorus.survey.memory import Version, hash_file, version_of
from chorus.survey.options import SurveyOptions


@dataclass(frozen=True)
class RecordedClip:
    """A clip in a file; a `packing.ClipSource`.

    span: the piece of the file that it is; None: all of it.
    """

    meta: Mapping[str, str]
    path: Path
    min_seconds: float
    span: Span | None = None

    def hear(self) -> Heard:
        """See `packing.ClipSource.hear`. Which channels are heard, and what is remarked, is that of the whole file."""
        if self.span is None:
            recording = examine(self.path, min_seconds=self.min_seconds)
            return Heard(recording.blocks(), recording.remarks)
        found = _examine_once(self.path, _version(self.path))
        if isinstance(found, str):
            raise DataError(found)
        self.span.check(found.seconds, self.min_seconds)
        return Heard(found.blocks(self.span.onset, self.span.end), found.remarks)

    def identity(self) -> str:
        """See `packing.ClipSource.identity`. The file's name counts, since it may say that it is an MP3."""
        try:
            if self.span is None:
                return f"{hash_file(self.path)}{self.path.suffix.lower()}"
            return f"{_hash_once(self.path, _version(self.path))}{self.path.suffix.lower()}@{self.span}"
        except OSError:
            return ""  # `hear` says why

    def version(self) -> Version | None:
        """See `packing.ClipSource.version`."""
        return version_of(self.path)


_Version = tuple[int, int]  # size, and time of the last change


def _version(path: Path) -> _Version:
    try:
        state = path.stat()
    except OSError:  # whoever opens the file says why
        return (-1, -1)
    return state.st_size, state.st_mtime_ns


# The cuts of a file come one after the other: it is read to its end once, not once a cut.
@lru_cache(maxsize=4)
def _examine_once(path: Path, _version_of_file: _Version) -> Recording | str:
    """The recording, or the reason why it is of no use."""
    try:
        return examine(path)
    except DataError as error:
        return str(error)


@lru_cache(maxsize=4)
def _hash_once(path: Path, _version_of_file: _Version) -> str:
    return hash_file(path)


def user_sources(
    folder: Path, options: SurveyOptions
) -> tuple[list[RecordedClip], pd.DataFrame, dict[str, Any]]:
    """The clips that `folder`/clips.csv lists, the quarantine of its unusable rows, and notes for the summary.

    Whether the audio is any good shows when it is read: `build` puts what is not into its own quarantine.

    Raises:
        DataError: the table as a whole cannot be used, see `read_clip_table`.
    """
    table = read_clip_table(
        folder,
        positive_label=options.positive_label,
        negative_label=options.negative_label,
        times=options.times,
    )
    return _clips(folder, table, options.min_seconds), quarantine.table(table.rejected), table.notes


def _clips(folder: Path, table: ClipTable, min_seconds: float) -> list[RecordedClip]:
    names = list(table.rows)
    rows = table.rows.astype(object).itertuples(index=False, name=None)
    # One path object a file: a season cut into a million clips would hold a million of them.
    paths = {file: folder / file for file in table.cuts["file"].cat.categories}
    clips = []
    for row, cut in zip(rows, table.cuts.astype({"file": object}).itertuples(), strict=True):
        span = None if math.isnan(cut.onset) else Span(cut.onset, cut.end)
        meta = dict(zip(names, row, strict=True))
        clips.append(RecordedClip(meta, paths[cut.file], min_seconds, span))
    return clips
