"""The file that a competition takes: `ID,score`, a row a record of the test set in its order, and the checks before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from chorus.errors import DataError
from chorus.options import options

COLUMNS = ["ID", "score"]
DIGITS = 4  # of a score, behind the point


@options
class EnsembleOptions:
    """runs: experiments, branches or commits; "workspace": the run here."""

    runs: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


def submission(
    ids: Sequence[int], predictions: NDArray[np.float64], *, records: int, instead: float
) -> pd.DataFrame:
    """The table for a test set of so many records, checked.

    Args:
        ids: of the records that could be read, from 1. predictions: of these, (n,).
        instead: the score of those that could not.

    Raises:
        DataError: see `refuse_unfit`.
    """
    scores = np.full(records, instead)
    scores[np.asarray(ids, dtype=np.int64) - 1] = predictions
    table = pd.DataFrame({"ID": np.arange(1, records + 1), "score": scores.round(DIGITS)})
    refuse_unfit(table, records)
    return table


def refuse_unfit(table: pd.DataFrame, records: int) -> None:
    """Refuse what a competition would refuse, or judge wrongly without a word.

    Raises:
        DataError: other columns, another number of rows, ids that are not 1, 2, 3, ..., or a score that is no number
            from 0 to 10: names the first.
    """
    if list(table.columns) != COLUMNS:
        raise DataError(
            f"a submission has the columns ID and score, not {', '.join(map(str, table.columns))}"
        )
    if len(table) != records:
        raise DataError(f"the submission has {len(table)} rows, but the test set {records} records")
    wrong = np.flatnonzero(table["ID"].to_numpy() != np.arange(1, records + 1))
    if len(wrong):
        raise DataError(
            f"row {wrong[0] + 1} of the submission has the ID {table['ID'].iloc[wrong[0]]}"
        )
    scores = pd.to_numeric(table["score"], errors="coerce")
    bad = np.flatnonzero(~scores.between(0, 10))
    if len(bad):
        raise DataError(
            f"ID {bad[0] + 1} has the score {table['score'].iloc[bad[0]]}, which is no number from 0 to 10"
        )


def ensemble(parts: Sequence[pd.DataFrame]) -> NDArray[np.float64]:
    """The mean over all models of all runs, (n,).

    Args:
        parts: predictions of the same test set (`fitness.crossfit.CrossFitted.test`), one a run.

    Raises:
        DataError: the runs are of different records.
    """
    if any(part["id"].tolist() != parts[0]["id"].tolist() for part in parts):
        raise DataError("the runs predict different records: they are of different test sets")
    columns = [
        part[name].to_numpy()
        for part in parts
        for name in part
        if str(name).endswith(".prediction")
    ]
    return np.asarray(np.mean(columns, axis=0))
