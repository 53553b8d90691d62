"""The table of predictions: one row a clip, with its score and what is needed to judge it."""

from __future__ import annotations

import pandas as pd

from chorus.clips import LABELS, OOD_VALIDATION, TEST_IID, TEST_OOD, TRAIN, VALIDATION, name_clips
from chorus.errors import DataError

JUDGED = (VALIDATION, OOD_VALIDATION, TEST_IID, TEST_OOD)  # the second only where a survey has it
COLUMNS = (
    "clip_id",
    "split",
    "label",
    "score",
    "night",
    "quality",
    "call_type",
    "site",
    "recorder",
)


def predictions(clips: pd.DataFrame) -> pd.DataFrame:
    """The table of predictions, checked: one row a clip, sorted by clip id.

    Its `night` names the cluster that the bootstrap draws as a whole: recorder and night in one string. A table of the
    survey holds that as `group` (and the bare date as `night`), so `group` is taken where there is one; a table that
    is already one of predictions comes out as it went in.

    Args:
        clips: clip_id, split (not candidates), label, score (0 to 1), quality, call_type, site, recorder, and group or
            night.

    Raises:
        DataError: a column is missing, a clip is there twice, lacks its score or night, or has a value that is not
            allowed: names the clips.
    """
    table = clips.assign(night=clips["group"]) if "group" in clips else clips
    if missing := [column for column in COLUMNS if column not in table]:
        raise DataError(f"the predictions lack the columns {', '.join(missing)}")
    table = table[list(COLUMNS)].sort_values("clip_id", kind="stable", ignore_index=True)
    text = [column for column in COLUMNS if column != "score"]
    # an empty cell of a CSV file is read as NaN: one spelling of "not known"
    table[text] = table[text].fillna("").astype(str)
    table["score"] = table["score"].astype("float64")
    _refuse(table, table["clip_id"].duplicated(keep=False), "clips with more than one prediction")
    # first of all that it is missing: NaN is not between 0 and 1 either
    _refuse(table, table["score"].isna(), "clips without a score")
    _refuse(table, ~table["score"].between(0, 1), "scores must be from 0 to 1, but not so")
    _refuse(table, table["night"] == "", "clips without a night")
    _refuse(
        table, ~table["label"].isin(LABELS), f"labels must be {' or '.join(LABELS)}, but not so"
    )
    _refuse(
        table,
        ~table["split"].isin((TRAIN, *JUDGED)),
        f"splits must be {', '.join((TRAIN, *JUDGED))}, but not so",
    )
    return table


def _refuse(table: pd.DataFrame, wrong: pd.Series, problem: str) -> None:
    if wrong.any():
        raise DataError(f"{problem}: {name_clips(sorted(set(table.loc[wrong, 'clip_id'])))}")
