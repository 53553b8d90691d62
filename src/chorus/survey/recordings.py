"""The user's own recordings as sources of clips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chorus import quarantine
from chorus.audio import Heard
from chorus.reading import examine
from chorus.survey.memory import hash_file
from chorus.survey.options import SurveyOptions
from chorus.survey.table import read_clip_table


@dataclass(frozen=True)
class RecordedClip:
    """A clip in a file; a `packing.ClipSource`."""

    meta: Mapping[str, str]
    path: Path
    min_seconds: float

    def hear(self) -> Heard:
        """See `packing.ClipSource.hear`."""
        recording = examine(self.path, min_seconds=self.min_seconds)
        return Heard(recording.blocks(), recording.remarks)

    def identity(self) -> str:
        """See `packing.ClipSource.identity`. The file's name counts, since it may say that it is an MP3."""
        try:
            return f"{hash_file(self.path)}{self.path.suffix.lower()}"
        except OSError:
            return ""  # `hear` says why


def user_sources(folder: Path, options: SurveyOptions) -> tuple[list[RecordedClip], pd.DataFrame, dict[str, Any]]:
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
    clips = [RecordedClip(row, folder / row["source"], options.min_seconds) for row in table.rows]
    return clips, quarantine.table(table.rejected), table.notes
