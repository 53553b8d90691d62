"""The files of one revision, read through DVC: from git, the workspace, the cache, or the remote."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import pandas as pd
from dvc.api import DVCFileSystem

from chorus import paths
from chorus.files import read_csv

SPLITS, TRAINING, SUBSETS = str(paths.SPLITS), str(paths.TRAINING_SET), str(paths.SUBSETS)
METRICS = str(paths.METRICS)
PREDICTIONS, DETAIL = str(paths.PREDICTIONS), str(paths.EVALUATION_DETAIL)
KINDS = ("positive", "negative")
T = TypeVar("T")


@dataclass
class Tables:
    """Who belongs where in one revision. None, or no entry: there is no such table, or it is in `missing`.

    subsets: "positive/small" -> its table.
    missing: path -> why a table that the revision has cannot be read here.
    """

    splits: pd.DataFrame | None = None
    training: pd.DataFrame | None = None
    subsets: dict[str, pd.DataFrame] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


class Revision:
    """A commit, or the workspace, as a file system.

    Args:
        root: the folder of the DVC repository.
        commit: its id; None: the workspace.
    """

    def __init__(self, root: str, commit: str | None) -> None:
        self._files = DVCFileSystem(url=root, rev=commit)
        self.missing: dict[str, str] = {}

    def json(self, path: str) -> Any:
        """A JSON file; None when there is none."""
        return self._read(path, lambda: json.loads(self._files.read_text(path, encoding="utf-8")))

    def table(self, path: str) -> pd.DataFrame | None:
        """A table of text columns; None when there is none, or when it is in `missing`."""

        def read() -> pd.DataFrame:
            with self._files.open(path, mode="rb") as stream:
                return read_csv(stream)

        return self._read(path, read)

    def predictions(self) -> pd.DataFrame | None:
        """What its detector said of each clip, with a column threshold; None when there are none, or in `missing`."""

        def read() -> pd.DataFrame:
            with self._files.open(PREDICTIONS, mode="rb") as stream:
                return pd.read_parquet(stream)

        found = self._read(PREDICTIONS, read)
        thresholds = (self.json(DETAIL) or {}).get("thresholds")
        if found is None or thresholds is None:
            return None
        return found.assign(threshold=thresholds["headline"])

    def grids(self) -> dict[str, pd.DataFrame]:
        """The tables of runs of all grids, by the name of the grid."""
        folders = self._read(METRICS, partial(self._files.ls, METRICS, detail=False)) or ()
        names = sorted(str(folder).rpartition("/")[2] for folder in folders)
        tables = {name: self.table(f"{METRICS}/{name}/runs.csv") for name in names}
        return {name: table for name, table in tables.items() if table is not None}

    def tables(self) -> Tables:
        """The splits, the training set and the subsets."""
        subsets = {}
        for kind in KINDS:
            folder = f"{SUBSETS}/{kind}"
            listed = self._read(folder, partial(self._files.ls, folder, detail=False))
            for path in sorted(listed or ()):
                table = self.table(path) if path.endswith(".csv") else None
                if table is not None:
                    subsets[path.removeprefix(f"{SUBSETS}/").removesuffix(".csv")] = table
        return Tables(self.table(SPLITS), self.table(TRAINING), subsets, self.missing)

    def _read(self, path: str, reader: Callable[[], T]) -> T | None:
        try:
            return reader() if self._files.exists(path) else None
        except Exception as error:  # of git, of DVC, of any storage that DVC knows: the review says what is not there
            self.missing[path] = f"{type(error).__name__}: {' '.join(str(error).split())}"
            return None
