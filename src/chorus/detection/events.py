"""Events: neighbouring detections taken together.

The rule: windows of one recording and one label that reach the threshold belong to one event as long as
the next begins no later than `gap` seconds after the end of the one before. With the gap of 0 that is
usual, those that touch or overlap. An event lasts from the start of its first window to the end of its
last, and has the score and the probability of its best window.
"""

from __future__ import annotations

import pandas as pd

from chorus.errors import ParameterError
from chorus.season.detections import EVENTS

_SPARE = 1e-6  # s: windows that touch may be apart by a rounding


def events(detections: pd.DataFrame, gap: float = 0.0) -> pd.DataFrame:
    """The events of a table of detections, in its order: columns as in `chorus.season.detections.EVENTS`.

    Args:
        detections: as in `chorus.season.detections.DETECTIONS`, sorted by file and start; those that are not detected
            are left out.
        gap: seconds.

    Raises:
        ParameterError: a negative gap.
    """
    if not gap >= 0:
        raise ParameterError(f"gap: {gap:g} is not allowed: 0 seconds or more")
    called = detections[detections["detected"]].sort_values(
        ["file", "label", "start"], kind="stable"
    )
    # The latest end so far and not that of the window before: overlapping windows need not end in their order.
    latest_end = called.groupby(["file", "label"])["end"].transform(
        lambda end: end.cummax().shift()
    )
    # Not a > with its sides changed: the first of a file has no end before it, and compares as False.
    begins = ~(called["start"] <= latest_end + gap + _SPARE)
    number = begins.cumsum()
    grouped = called.groupby(number.to_numpy(), sort=True)
    found = grouped.first()
    found["end"] = grouped["end"].max()
    found["windows"] = grouped.size().astype("int64")
    # Stable, so that of equal scores the earliest window is the best one.
    best = (
        called.sort_values("score", ascending=False, kind="stable")
        .groupby(number, sort=True)
        .first()
    )
    found[["score", "probability"]] = best[["score", "probability"]]
    found = found.sort_values(["file", "start", "label"], kind="stable", ignore_index=True)
    return found[list(EVENTS)]
