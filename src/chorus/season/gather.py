"""From the tables of detections to what a season's statistics need: counts by site and night, hours, best windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.clips import POSITIVE
from chorus.errors import DataError, ParameterError
from chorus.files import parse_json
from chorus.season.detections import read
from chorus.storages import is_file

HOURS = 24


@dataclass(frozen=True)
class Heard:
    """A season as a detector heard it.

    windows: scored windows of known nights, columns of `chorus.season.detections.DETECTIONS`; `site` is never empty.
    recordings: likewise, of `RECORDINGS`.
    model: what model.json says. threshold: the model's own. least: no window below this score is in `windows`.
    without_night: recordings that were left out because their night is unknown.
    """

    windows: pd.DataFrame
    recordings: pd.DataFrame
    model: Mapping[str, Any]
    threshold: float
    least: float
    without_night: int

    @property
    def copies(self) -> int:
        """How many recordings hold the same bytes as another one, as a folder and its backup do: each counts."""
        files = self.recordings.drop_duplicates("file")["sha256"]
        return int(files[files != ""].duplicated().sum())

    def check(self, threshold: float) -> None:
        """Refuse a threshold below the scores that were kept.

        Raises:
            ParameterError: it is so, or no score.
        """
        if not max(self.least, 0) <= threshold <= 1:
            raise ParameterError(
                f"threshold: {threshold:g} is not allowed: from {self.least:g}, the least score of the table, to 1"
            )


def read_season(folder: Path, label: str = POSITIVE) -> Heard:
    """The results of `chorus detect`.

    Args:
        folder: of this machine, or a remote one (`chorus.places`).
        label: the class that is asked about.

    Raises:
        ParameterError: the detector does not know this class.
        DataError: a file is missing or damaged, or no recording's night is known.
    """
    windows, recordings = read(folder, "detections"), read(folder, "recordings")
    model = _read_model(folder / "model.json")
    _check_label(label, model)
    known = recordings[recordings["night"] != ""]
    if known.empty:
        raise DataError(
            f"no night of the recordings in {folder} is known: their names or a table must tell it"
        )
    # Windows of unknown nights go with their recordings: presence is by night, and they are counted as left out.
    of_label = windows[(windows["night"] != "") & (windows["label"] == label)]
    return Heard(
        _with_places(of_label).reset_index(drop=True),
        _with_places(known).reset_index(drop=True),
        model,
        float(0.5 if model.get("threshold") is None else model["threshold"]),
        float(model.get("options", {}).get("min_score", 0.0)),
        int(recordings.loc[recordings["night"] == "", "file"].nunique()),
    )


def _read_model(path: Path) -> dict[str, Any]:
    if not is_file(path):
        raise DataError(f"there is no {path}: chorus detect writes it")
    try:
        model = parse_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not isinstance(model, dict):
        raise DataError(f"{path} describes no detector")
    return model


def _check_label(label: str, model: Mapping[str, Any]) -> None:
    # A class that is misspelt has no windows, and would look like a season in which nothing called.
    classes = model.get("classes") or [label]
    if POSITIVE in classes:
        classes = [POSITIVE]
    if label not in classes:
        raise ParameterError(f"label: {label!r} is not allowed: {', '.join(classes)}")


def nightly_counts(heard: Heard, threshold: float) -> pd.DataFrame:
    """One row a site and night, in order: site, night, windows, positive; nights without a detection too.

    Raises:
        ParameterError: a threshold below the scores that were kept.
    """
    # From the recordings and not from the detections: a night without a call is evidence too.
    heard.check(threshold)
    keys = ["site", "night"]
    windows = heard.recordings.groupby(keys)["windows"].sum()
    called = heard.windows[heard.windows["score"] >= threshold]
    positive = called.groupby(keys).size().reindex(windows.index, fill_value=0)
    return pd.DataFrame({"windows": windows, "positive": positive}).reset_index()


def hourly_counts(heard: Heard, threshold: float) -> pd.DataFrame:
    """Positive windows by site and hour of the local day: index site, columns 0 to 23."""
    called = heard.windows[
        (heard.windows["score"] >= threshold) & heard.windows["local_time"].notna()
    ]
    counts = called.groupby(["site", called["local_time"].dt.hour]).size().unstack(fill_value=0)
    sites = sorted(heard.recordings["site"].unique())
    return counts.reindex(index=sites, columns=range(HOURS), fill_value=0)


def best_windows(heard: Heard, threshold: float, each: int) -> pd.DataFrame:
    """The best window of each of a site's best nights: `each` a site, the highest score first."""
    called = heard.windows[heard.windows["score"] >= threshold]
    # One a night: the ten highest scores of a site may all be one animal within a minute.
    ordered = called.sort_values(["score", "file", "start"], ascending=[False, True, True])
    of_nights = ordered.drop_duplicates(["site", "night"])
    return of_nights.groupby("site").head(each).reset_index(drop=True)


def _with_places(table: pd.DataFrame) -> pd.DataFrame:
    """The table with a site in every row: where none is known, the recorder is one, or else "unknown"."""
    recorder = table["recorder"].where(table["recorder"] != "", "unknown")
    return table.assign(site=table["site"].where(table["site"] != "", recorder))
