"""A table to begin with: what names and files tell of a folder of recordings, and an empty column of labels."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from chorus.detection.files import SUFFIXES
from chorus.errors import DataError
from chorus.labels.collect import sounds_below
from chorus.survey.distinct import blank, compact
from chorus.survey.nights import Moments
from chorus.survey.timing import TimeRules, place_clips

COLUMNS = ("path", "label", "site", "recorder", "date")


def starter_table(folder: Path, times: TimeRules, label: str = "") -> pd.DataFrame:
    """One row a recording: path, label, site (the first folder, where there is one), recorder, date (the evening's).

    Args:
        times: how the times of names and files are read. label: what all recordings are called.

    Raises:
        DataError: there is no such folder, or no recording in it.
    """
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    root = folder.resolve()
    files = sounds_below(root)
    if not files:
        raise DataError(
            f"{folder} holds no recordings: none of its files ends in {', '.join(sorted(SUFFIXES))}"
        )
    table = pd.DataFrame({"path": files, "label": label, "site": [_site(file) for file in files]})
    # As the survey will read this table: what it would understand of names and headers is written out, to be corrected.
    clips = pd.DataFrame(
        {"file": compact(table["path"]), "recorder": blank(table.index), "begin": 0.0}
    )
    undated = Moments([None], np.zeros(len(files), dtype=np.int64))
    placed = place_clips(root, clips, undated, times)
    return table.assign(recorder=placed.recorders, date=placed.nights).astype("str")


def _site(file: str) -> str:
    folder = PurePosixPath(file).parent
    return "".join(folder.parts[:1])
