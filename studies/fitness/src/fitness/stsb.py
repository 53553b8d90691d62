"""STS-B-DIR (Yang et al. 2021, arXiv:2102.09554): how alike two sentences are, from 0 to 5, to check the losses with.

The files are train_new.tsv, dev_new.tsv and test_new.tsv of github.com/YyzHarry/imbalanced-regression, sts-b-dir/data:
tables with tabs, without quoting, among whose columns are sentence1, sentence2 and score. Published mean squared errors
on the test set (BiLSTM on GloVe): plain 0.974, LDS 0.914, FDS 0.916, both 0.907.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.errors import DataError

PUBLISHED = {"plain": 0.974, "lds": 0.914, "fds": 0.916, "both": 0.907}
PARTS = ("train", "dev", "test")
HIGHEST = 5.0
_NEEDED = ("sentence1", "sentence2", "score")


def read(folder: Path) -> dict[str, pd.DataFrame]:
    """The three parts: sentence1 and sentence2 (their ids: first, second), and twice the score: ours are from 0 to 10.

    Raises:
        DataError: a file is missing, or has a row that is none.
    """
    return {part: _read(folder / f"{part}_new.tsv") for part in PARTS}


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise DataError(
            f"{path} is missing: it is in github.com/YyzHarry/imbalanced-regression, sts-b-dir/data"
        )
    how: dict[str, Any] = {"sep": "\t", "quoting": csv.QUOTE_NONE, "dtype": str}
    try:
        table = pd.read_csv(path, **how, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from None
    # Where the very first row has fields too many, pandas takes them for an index.
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(f"{path.name} cannot be read: row 2 has more fields than the header")
    if missing := [name for name in _NEEDED if name not in table]:
        raise DataError(
            f"{path.name} has no column {missing[0]}; it has {', '.join(table.columns)}"
        )
    scores = pd.to_numeric(table["score"], errors="coerce")
    if len(bad := table.index[~scores.between(0, HIGHEST)]):
        raise DataError(
            f"{path.name}, row {bad[0] + 2}: the score {table['score'][bad[0]]!r} is not from 0 to 5"
        )
    rows = table[["sentence1", "sentence2"]].assign(score=scores * 2)
    return rows.assign(
        first=rows["sentence1"].map(identity), second=rows["sentence2"].map(identity)
    )


def identity(text: str) -> str:
    """The id of a sentence."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
