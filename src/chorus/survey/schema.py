"""What a row of clips.csv may hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from chorus.clips import CANDIDATE, QUALITIES, ROLES, SPLITS
from chorus.survey.distinct import each, number

REQUIRED = ("path", "label")
SPAN = ("onset", "end")
OPTIONAL = (
    "quality",
    "call_type",
    "speaker",
    "site",
    "recorder",
    "date",
    "time",
    "recording",
    "split",
    "role",
    *SPAN,
)
VOCABULARY = ("label", "quality", "split", "role")  # columns in which capitals do not matter


def find_faults(table: pd.DataFrame, *, positive_label: str, negative_label: str) -> pd.DataFrame:
    """The first fault of each faulty row: what is wrong, and the column, or "" when several are involved.

    Args:
        table: all required and optional columns, compact (see `distinct`), those of `VOCABULARY` in lower case.
        positive_label, negative_label: what the table calls the two classes, in lower case.

    Returns:
        what, column; indexed as `table`, without rows that are in order.
    """
    named = each(table["path"], lambda path: "named" if path else "")
    judged = table[list(VOCABULARY)].assign(path=named)
    numbers, first = number([judged[name] for name in judged])
    different = judged.iloc[first].astype("str").reset_index(drop=True)
    faults = _first_faults(different, positive_label, negative_label)
    at = pd.Series(numbers, table.index)
    at = at[at.isin(list(faults))]
    found = pd.DataFrame(list(faults.values()), list(faults), columns=["what", "column"], dtype=str)
    return found.loc[at].set_axis(at.index)


def _first_faults(
    table: pd.DataFrame, positive_label: str, negative_label: str
) -> dict[int, tuple[str, str]]:
    """Position -> what is wrong, the column."""
    import pandera.pandas as pa  # takes half a second, which other users of this package need not pay

    def one_of(allowed: Iterable[str], error: str) -> Any:
        return pa.Column(str, pa.Check.isin(list(allowed), error=error))

    def never(condition: Callable[[pd.DataFrame], pd.Series], error: str) -> Any:
        return pa.Check(lambda rows: ~condition(rows), error=error)

    schema = pa.DataFrameSchema(
        {
            "path": pa.Column(str, pa.Check.str_length(min_value=1, error="empty path")),
            "label": one_of(["", positive_label, negative_label], "unknown label"),
            "quality": one_of(["", *QUALITIES], "unknown quality"),
            "split": one_of(["", *sorted(set(SPLITS) - {CANDIDATE})], "unknown split"),
            "role": one_of(["", *ROLES], "unknown role"),
        },
        checks=[
            never(lambda t: (t["label"] == "") & (t["role"] != CANDIDATE), "no label"),
            never(
                lambda t: (t["label"] == positive_label) & (t["role"] == CANDIDATE),
                "a candidate labelled positive",
            ),
            never(
                lambda t: (t["split"] != "") & (t["role"] == CANDIDATE), "a candidate with a split"
            ),
            never(
                lambda t: _lacks_quality(t[t["label"] == positive_label]).reindex(
                    t.index, fill_value=False
                ),
                "a positive without quality in a survey that names it for others",
            ),
        ],
    )
    faults: dict[int, tuple[str, str]] = {}
    try:
        schema.validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for case in errors.failure_cases.itertuples():
            column = ""  # what several columns make wrong is the fault of none of them
            if case.schema_context == "Column":
                column = case.column
            # The first is told: faults of columns come before those that follow from them.
            faults.setdefault(int(case.index), (case.check, column))
    return faults


def _lacks_quality(positives: pd.DataFrame) -> pd.Series:
    return (positives["quality"] == "") & bool(positives["quality"].isin(QUALITIES).any())
