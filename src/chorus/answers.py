"""Tables of answers: what somebody's classifier said of each clip, one row an answer, and how two of them are paired.

Any CSV will do: a column with the truth, one with the answer, one or more that together name a row, and one that names
the cluster it belongs to (the recording that variants were made from, the speaker).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.metrics.multiclass import wilson


@dataclass(frozen=True)
class Recall:
    """Of one class: right of rows, and Wilson's interval, which takes rows for independent."""

    right: int
    rows: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The recall."""
        return self.right / self.rows


def read_answers(path: Path, *, truth: str = "truth", answer: str = "prediction") -> pd.DataFrame:
    """A table of answers, all columns as text; `truth` and `answer` are called so, whatever they were.

    Raises:
        DataError: no such file, not a CSV, a column is missing, no rows, or an answer that is no class.
    """
    try:
        # As text, and no word for nothing: a class may well be called 1, NA or none.
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    for column in (truth, answer):
        if column not in table:
            raise DataError(f"{path} has no column {column}; there are: {', '.join(table)}")
    if table.empty:
        raise DataError(f"{path} holds no answers")
    # At one stroke: a table may call its truth "answer".
    table["truth"], table["answer"] = table[truth], table[answer]
    # An answer that is spelled otherwise would silently count as wrong.
    unknown = table.loc[~table["answer"].isin(set(table["truth"])), "answer"]
    if len(unknown):
        classes = ", ".join(sorted(set(table["truth"])))
        raise DataError(
            f"{path}: the answer {unknown.iloc[0]!r} ({len(unknown)} times) is no class: {classes}"
        )
    return table


def pair_answers(a: pd.DataFrame, b: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Both answers to each row: the columns of A, with `right_a` and `right_b`.

    Args:
        by: columns that together name a row.

    Raises:
        DataError: a column is missing, a row stands twice, or A and B have other rows or truths.
    """
    # A row that stands twice would be paired with both of its likes.
    for name, table in (("the first", a), ("the second", b)):
        if missing := [column for column in by if column not in table]:
            raise DataError(f"{name} table has no column {missing[0]}: name the columns to pair by")
        if (twice := table.duplicated(list(by))).any():
            row = " ".join(table.loc[twice, list(by)].iloc[0])
            raise DataError(f"{name} table has two answers to {row}: pair by more columns")
    # Rows that only one of the two has are an error, never left out in silence.
    columns = [*by, "truth", "answer"]
    both = a.merge(b[columns], on=list(by), how="outer", suffixes=("", "_b"), indicator=True)
    if len(alone := both[both["_merge"] != "both"]):
        row = " ".join(alone[list(by)].iloc[0])
        raise DataError(f"only one of the tables answers {row}, and {len(alone) - 1} more rows")
    if len(other := both[both["truth"] != both["truth_b"]]):
        raise DataError(f"the tables do not agree on the truth of {' '.join(other[by].iloc[0])}")
    both["right_a"] = (both["answer"] == both["truth"]).to_numpy()
    both["right_b"] = (both["answer_b"] == both["truth"]).to_numpy()
    return both.drop(columns=["truth_b", "_merge"])


def recalls(truth: Sequence[str] | pd.Series, right: NDArray[np.bool_]) -> dict[str, Recall]:
    """The recall of each class, in the order of their names."""
    classes = np.asarray(truth)
    found = {}
    for name in np.unique(classes).tolist():
        inside = right[classes == name]
        low, high = wilson(int(inside.sum()), len(inside))
        found[name] = Recall(int(inside.sum()), len(inside), low, high)
    return found


def by_group(table: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Balanced accuracy within each group of rows of a table with `truth` and `answer`, in the order of the table."""
    right = table["answer"] == table["truth"]
    # The mean over classes of the recalls within each group, all groups at once.
    of_class = right.groupby(
        [*(table[name] for name in columns), table["truth"]], sort=False
    ).mean()
    means: pd.Series = of_class.groupby(level=list(range(len(columns))), sort=False).mean()
    return means
