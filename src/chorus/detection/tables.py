"""From logits to the tables that people and programs read, recording by recording, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
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
from chorus.files import replacing
from chorus.season.detections import TABLES
from chorus.survey.reading import read_table
from chorus.survey.timing import Beginning, TimeRules, beginnings

_KINDS = {
    "start": pa.float64(), "end": pa.float64(), "score": pa.float64(), "probability": pa.float64(),
    "detected": pa.bool_(), "local_time": pa.timestamp("ms"), "seconds": pa.float64(), "best_score": pa.float64(),
    "windows": pa.int64(),
}  # fmt: skip
_SITES = ("recorder", "site")
# After the point, in the CSV: people read it. Programs take the Parquet file, which has all digits.
_DIGITS = {"start": 3, "end": 3, "seconds": 3, "score": 6, "probability": 6, "best_score": 6}


@dataclass(frozen=True)
class Place:
    """Where and when a file was recorded; site and recorder "" when unknown."""

    site: str
    recorder: str
    beginning: Beginning

    def begins_at_change(self) -> bool:
        """Whether it begins at a time that clocks skip, or show twice, as they are put forward or back."""
        moment = self.beginning.moment
        if not isinstance(moment, datetime):
            return False
        zone = moment.tzinfo or self.beginning.local.zone
        # Only of such times do the two readings of Python (PEP 495) differ.
        first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        return first != second


def places(
    folders: Mapping[str, str], rules: TimeRules, sites: Mapping[str, str] | None = None
) -> dict[str, Place]:
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
    """A CSV file with the columns recorder and site, as spreadsheets write it too: recorder -> site.

    Raises:
        DataError: it is not there, lacks a column, or gives a recorder two sites.
    """
    if not path.is_file():
        raise DataError(f"there is no {path}")
    table = read_table(path, _SITES, _SITES).cells
    pairs = table[list(_SITES)].astype("str").drop_duplicates()
    if len(twice := pairs[pairs["recorder"].duplicated()]):
        raise DataError(f"{path} gives the recorder {twice.iloc[0]['recorder']!r} two sites")
    return dict(zip(pairs["recorder"], pairs["site"], strict=True))


@dataclass(frozen=True)
class Listened:
    """A recording with its scores. logits: float32 (windows, classes)."""

    file: str
    heard: Heard
    place: Place
    logits: np.ndarray


def detections_of(
    recordings: Sequence[Listened], detector: Detector, cutting: Cutting
) -> pd.DataFrame:
    """Every window of some recordings; columns as in `chorus.season.detections.DETECTIONS`."""
    counts = [len(one.logits) for one in recordings]
    starts = [cutting.starts(count) for count in counts]
    # The last window may be filled up; what it covers ends with the file.
    ends = [
        np.minimum(begin + cutting.window, one.heard.seconds)
        for begin, one in zip(starts, recordings, strict=True)
    ]
    moments = [
        (one.place.beginning, at)
        for one, begin in zip(recordings, starts, strict=True)
        for at in begin.tolist()
    ]
    classified = detector.classify(np.concatenate([one.logits for one in recordings]))
    times = [beginning.time_after(at) for beginning, at in moments]
    return pd.DataFrame(
        {
            "file": np.repeat([one.file for one in recordings], counts),
            "start": np.concatenate(starts),
            "end": np.concatenate(ends),
            "label": classified.label,
            "score": classified.score,
            "probability": classified.probability,
            "detected": classified.detected,
            "recorder": np.repeat([one.place.recorder for one in recordings], counts),
            "site": np.repeat([one.place.site for one in recordings], counts),
            "night": [beginning.night_after(at) for beginning, at in moments],
            "local_time": np.array(times, dtype="datetime64[ms]"),
        }
    )


def recordings_of(
    windows: pd.DataFrame, recordings: Sequence[Listened], cutting: Cutting
) -> pd.DataFrame:
    """A row for each night of some recordings; columns as in `chorus.season.detections.RECORDINGS`.

    Args:
        windows: all windows of these recordings, in their order.
    """
    heard = {one.file: one.heard for one in recordings}
    # A recording that goes on past noon is in two nights, and has a row in each.
    nights = windows.groupby(["file", "night"], sort=False)
    rows = nights.agg(
        recorder=("recorder", "first"),
        site=("site", "first"),
        local_time=("local_time", "first"),
        begin=("start", "first"),
        last=("start", "last"),
        windows=("start", "size"),
        detected=("detected", "sum"),
        best_score=("score", "max"),
    ).reset_index()
    # Each night lasts to where the next one begins, the last to the end of the file: together they are its length.
    of_file = rows["file"].map(heard)
    is_last = ~rows["file"].duplicated(keep="last")
    whole = of_file.map(lambda found: found.seconds)
    rows["seconds"] = whole.where(is_last, rows["last"] + cutting.hop) - rows["begin"]
    rows["sha256"] = of_file.map(lambda found: found.sha256)
    rows["remarks"] = of_file.map(lambda found: "; ".join(found.remarks))
    return rows


class Table:
    """One of the tables, being written as Parquet and as CSV at once."""

    def __init__(
        self, name: str, parquet: pq.ParquetWriter, csv: IO[str], schema: pa.Schema
    ) -> None:
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
    # "detected" counts windows in a row of a recording, and judges one in a row of a detection.
    kinds = {"detected": pa.int64() if name == "recordings" else pa.bool_()}
    schema = pa.schema(
        [(column, (_KINDS | kinds).get(column, pa.string())) for column in TABLES[name]]
    )
    with ExitStack() as stack:
        beside = stack.enter_context(replacing(folder / f"{name}.parquet"))
        csv_beside = stack.enter_context(replacing(folder / f"{name}.csv"))
        parquet = stack.enter_context(pq.ParquetWriter(beside, schema))
        csv = stack.enter_context(csv_beside.open("w", encoding="utf-8", newline=""))
        yield Table(name, parquet, csv, schema)
