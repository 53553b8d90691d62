"""The errors a detector is surest of: the first clips to look at and listen to."""

from __future__ import annotations

from typing import Literal, get_args

import pandas as pd

from chorus.clips import POSITIVE
from chorus.errors import ParameterError
from chorus.evaluation.predictions import JUDGED, predictions

Kind = Literal["false_positives", "false_negatives"]


def worst(
    clips: pd.DataFrame, split: str, kind: Kind, *, threshold: float, n: int = 10
) -> pd.DataFrame:
    """The most confident errors of a split, worst first, ties by clip id; fewer than `n` where there are no more.

    Args:
        clips: what `chorus.evaluation.predictions` takes.
        kind: false_positives (negatives at or above the threshold, highest scores first) or false_negatives
            (positives below it, lowest scores first).

    Returns:
        Rows of the table of predictions.

    Raises:
        DataError: see `predictions`.
        ParameterError: there is no such kind or split.
    """
    if kind not in get_args(Kind):
        raise ParameterError(f"kind: {kind!r} is not allowed: {' or '.join(get_args(Kind))}")
    if split not in JUDGED:
        raise ParameterError(f"split: {split!r} is not allowed: one of {', '.join(JUDGED)}")
    table = predictions(clips)
    positive, detected = table["label"] == POSITIVE, table["score"] >= threshold
    wrong, lowest_first = ~positive & detected, False
    if kind == "false_negatives":  # the surest misses are those with the lowest scores
        wrong, lowest_first = positive & ~detected, True
    errors = table[(table["split"] == split) & wrong]
    order = ["score", "clip_id"]
    return errors.sort_values(order, ascending=[lowest_first, True], ignore_index=True).head(n)
