"""The table of detections: what `chorus detect` writes and everything about seasons reads.

A folder of results holds, each as Parquet and as CSV with the same rows and columns:

* `detections`: one row a window (of a head of several classes: its likeliest class) whose score reaches
  the minimum score that was asked for. By default that is 0: every window is there.
* `recordings`: one row a recording and night: what was listened to, so that nights without a detection
  are nights all the same. Its `windows` counts all windows, whatever the minimum score.
* `events`: neighbouring windows that reach the threshold, taken together (`chorus.detection.events`).

and `not_heard.csv` (file, reason), the files that could not be used, and `model.json`, the detector:
what it is called, its threshold, calibration, encoder and classes, and the options of the run.

Rows are sorted by file and start. Text that is not known is "", and never missing.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from chorus.errors import DataError
from chorus.storages import is_file

DETECTIONS = {
    "file": "the path as it was given, and below a folder what leads to the file; with /",
    "start": "float64, seconds from the start of the file; of triggered recordings silences count",
    "end": "float64, seconds; the last window of a file ends with the file",
    "label": "the class: positive, of a detector of two classes",
    "score": "float64, 0 to 1: what the head puts out, the same digits as the pipeline's for this sound",
    "probability": "float64, 0 to 1: the score calibrated on the validation split; NaN without calibration",
    "detected": "bool: the score reaches the model's threshold; of several classes always true",
    "recorder": "by the file's name, what the recorder wrote into it, or the folder it lies in",
    "site": "by the table of sites, or the first folder below the path that was given",
    "night": "YYYY-MM-DD, the evening's date, of the window's start: noon to noon, local time",
    "local_time": "datetime64[ms], when the window starts, without zone; NaT when unknown",
}
RECORDINGS = {
    "file": "as above",
    "recorder": "as above",
    "site": "as above",
    "night": "as above; a recording across noon has a row for each of its two nights",
    "local_time": "when the file's first window of this night starts; NaT when unknown",
    "seconds": "float64, how much of this night was heard",
    "windows": "int64, windows that were scored",
    "detected": "int64, windows that reach the threshold",
    "best_score": "float64",
    "sha256": "of the file's bytes",
    "remarks": "what was noticed about the sound (clipped, one channel dead, ...), divided by ;",
}
EVENTS = {
    "file": "as above",
    "start": "float64, of the first window",
    "end": "float64, of the last one",
    "label": "as above",
    "windows": "int64, how many windows it consists of",
    "score": "float64, the highest of its windows",
    "probability": "float64, of that window",
    "recorder": "as above",
    "site": "as above",
    "night": "as above",
    "local_time": "as above",
}
TABLES = {"detections": DETECTIONS, "recordings": RECORDINGS, "events": EVENTS}


def read(folder: Path, table: str) -> pd.DataFrame:
    """One of the tables of a folder of results.

    Args:
        folder: of this machine, or a remote one (`chorus.places`).
        table: "detections", "recordings" or "events".

    Raises:
        DataError: it is not there (detection has not ended), is no Parquet file, or lacks a column.
    """
    path = folder / f"{table}.parquet"
    if not is_file(path):
        raise DataError(f"there is no {path}: chorus detect MODEL PATH --out {folder} writes it")
    try:
        # Opened here and not by pandas: the folder may lie on S3 (`chorus.places`).
        with path.open("rb") as file:
            found = pd.read_parquet(file)
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    if missing := [column for column in TABLES[table] if column not in found]:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    # Columns that a later version may add are left out: whoever reads this knows those above.
    return found[list(TABLES[table])]
