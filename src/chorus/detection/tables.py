"""From logits to the tables that people and programs read, recording by recording, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chorus.detection.cutting import Cutting
from chorus.detection.model import Detector
from chorus.detection.store import Heard
from chorus.errors import DataError
from chorus.files import read_csv, replacing
from chorus.season.detections import TABLES
from chorus.survey.timing import Beginning, TimeRules, beginnings

_KINDS = {
    "start": pa.float64(), "end": pa.float64(), "score": pa.float64(), "probability": pa.float64(),
    "detected": pa.bool_(), "local_time": pa.timestamp("ms"), "seconds": pa.float64(), "best_score": pa.float64(),
    "windows": pa.int64(),
}  # fmt: skip
_DIGITS = {"start": 3, "end": 3, "seconds": 3, "score": 6, "probability": 6, "best_score": 6}  # after the point


@dataclass(frozen=True)
class Place:
    """Where and when a file was recorded; site and recorder "" when unknown."""

    site: str
    recorder: str
    beginning: Beginning


def places(folders: Mapping[str, str], rules: TimeRules, sites: Mapping[str, str] | None = None) -> dict[str, Place]:
    """Recorder by name, metadata or else the folder the file lies in; site by the table or the first folder.

    Args:
        folders: file -> the first folder below what was given (`chorus.detection.files.Found.recordings`).
        sites: recorder -> site.
    """
    found = {}
    for file, beginning in beginnings(list(folders), rules).items():
        first = folders[file]
        recorder = beginning.recorder or (Path(file).parent.name if first else "")
        known = (sites or {}).get(recorder)
        found[file] = Place(first if known is None else known, recorder, beginning)
    return found


def read_sites(path: Path) -> dict[str, str]:
    """A CSV file with the columns recorder and site: recorder -> site.

    Raises:
        DataError: it is not there, lacks a column, or gives a recorder two sites.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}")
    table = read_csv(path)
    if missing := [column for column in ("recorder", "site") if column not in table]:
        raise DataError(f"{path} lacks the columns {', '.join(missing)}")
    pairs = table[["recorder", "site"]].drop_duplicates()
    if len(twice := pairs[pairs["recorder"].duplicated()]):
        raise DataError(f"{path} gives the recorder {twice.iloc[0]['recorder']!r} two sites")
    return dict(zip(pairs["recorder"], pairs["site"], strict=True))


def detections_of(
    file: str, heard: Heard, logits: np.ndarray, detector: Detector, cutting: Cutting, place: Place
) -> pd.DataFrame:
    """Every window of a recording; columns as in `chorus.season.detections.DETECTIONS`.

    Args:
        logits: float32 (windows, classes).
    """
    starts = cutting.starts(len(logits))
    judged = detector.judge(logits)
    beginning = place.beginning
    times = [beginning.time_after(start) for start in starts.tolist()]
    return pd.DataFrame(
        {
            "file": file,
            "start": starts,
            "end": np.minimum(starts + cutting.window, heard.seconds),
            "label": judged.label,
            "score": judged.score,
            "probability": judged.probability,
            "detected": judged.detected,
            "recorder": place.recorder,
            "site": place.site,
            "night": [beginning.night_after(start) for start in starts.tolist()],
            "local_time": np.array(times, dtype="datetime64[ms]"),
        }
    )


def recordings_of(detections: pd.DataFrame, heard: Heard, cutting: Cutting) -> pd.DataFrame:
    """A row for each night of a recording; columns as in `chorus.season.detections.RECORDINGS`.

    Args:
        detections: all windows of the recording.
    """
    rows = []
    for night, part in detections.groupby("night", sort=True):
        first = part.iloc[0]
        is_last = part.index[-1] == detections.index[-1]
        until = heard.seconds if is_last else float(part.iloc[-1]["start"]) + cutting.hop
        rows.append(
            {
                **first[["file", "recorder", "site"]].to_dict(),
                "night": night,
                "local_time": first["local_time"],
                "seconds": until - float(first["start"]),
                "windows": len(part),
                "detected": int(part["detected"].sum()),
                "best_score": float(part["score"].max()),
                "sha256": heard.sha256,
                "remarks": "; ".join(heard.remarks),
            }
        )
    return pd.DataFrame(rows)


class Table:
    """One of the tables, being written as Parquet and as CSV at once."""

    def __init__(self, name: str, parquet: pq.ParquetWriter, csv: IO[str], schema: pa.Schema) -> None:
        self._columns = list(TABLES[name])
        self._parquet, self._csv, self._schema = parquet, csv, schema
        csv.write(",".join(self._columns) + "\n")

    def add(self, rows: pd.DataFrame) -> None:
        """Some more rows."""
        if not len(rows):
            return
        rows = rows[self._columns]
        self._parquet.write_table(pa.Table.from_pandas(rows, self._schema, preserve_index=False))
        as_text(rows).to_csv(self._csv, header=False, index=False, lineterminator="\n")


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows as a CSV file shows them: seconds to a millisecond, scores to six digits, times as ISO 8601."""
    shown = rows.round({column: digits for column, digits in _DIGITS.items() if column in rows})
    if "local_time" in shown:
        times = np.datetime_as_string(shown["local_time"].to_numpy("datetime64[s]"))
        shown["local_time"] = np.where(times == "NaT", "", times)
    return shown


@contextmanager
def writing(folder: Path, name: str) -> Iterator[Table]:
    """Write a table into a folder, both of its files whole or not at all."""
    kinds = {"detected": pa.int64() if name == "recordings" else pa.bool_()}
    schema = pa.schema([(column, (_KINDS | kinds).get(column, pa.string())) for column in TABLES[name]])
    with ExitStack() as stack:
        beside = stack.enter_context(replacing(folder / f"{name}.parquet"))
        csv_beside = stack.enter_context(replacing(folder / f"{name}.csv"))
        parquet = stack.enter_context(pq.ParquetWriter(beside, schema))
        csv = stack.enter_context(csv_beside.open("w", encoding="utf-8", newline=""))
        yield Table(name, parquet, csv, schema)
