"""Where a detector is good and where it is not: figures by quality, call type, site and recorder."""

from __future__ import annotations

from typing import Any

import pandas as pd

from chorus.clips import POSITIVE, QUALITIES
from chorus.metrics import auprc, confusion

UNSTATED = "unstated"


def breakdown(part: pd.DataFrame, threshold: float) -> dict[str, Any]:
    """Figures by quality, call_type, site and recorder, in a nested dict for JSON.

    Negatives have neither quality nor call type. So by these: n (positives of that kind), recall, mean_score, and
    auprc against *all* negatives of the split. It falls with the share of positives, so it ranks two models on one
    kind but not two kinds by one model.
    By site and recorder: n, positives, recall, false_positive_rate, f1; null where nothing is in the denominator.

    Args:
        part: the rows of one split in the table of predictions, with both classes.
    """
    found: dict[str, Any] = {}
    for column in ("quality", "call_type"):
        found[column] = {}
        for kind in _kinds(part, column):
            found[column][kind] = _of_positives(part, column, kind, threshold)
    for column in ("site", "recorder"):
        found[column] = {}
        for place, clips in part.groupby(column, sort=True):
            found[column][str(place) or UNSTATED] = _of_place(clips, threshold)
    return found


def _kinds(part: pd.DataFrame, column: str) -> list[str]:
    """What occurs among the positives: qualities from good to bad, anything else by name."""
    found = set(part.loc[part["label"] == POSITIVE, column].replace("", UNSTATED))
    known = [quality for quality in QUALITIES if quality in found]
    return known + sorted(found - set(known))


def _of_positives(part: pd.DataFrame, column: str, kind: str, threshold: float) -> dict[str, Any]:
    positive = part["label"] == POSITIVE
    wanted = positive & (part[column].replace("", UNSTATED) == kind)
    scores = part.loc[wanted, "score"]
    # positives of other kinds are neither right nor wrong here
    against = part[wanted | ~positive]
    labels = (against["label"] == POSITIVE).to_numpy(dtype=bool)
    return {
        "n": len(scores),
        "recall": float((scores >= threshold).mean()),
        "mean_score": float(scores.mean()),
        "auprc": auprc(labels, against["score"].to_numpy()),
    }


def _of_place(clips: pd.DataFrame, threshold: float) -> dict[str, Any]:
    labels = (clips["label"] == POSITIVE).to_numpy(dtype=bool)
    counts = confusion(labels, clips["score"].to_numpy(), threshold)
    positives, negatives = counts.tp + counts.fn, counts.fp + counts.tn
    return {
        "n": len(clips),
        "positives": positives,
        "recall": counts.recall if positives else None,
        "false_positive_rate": counts.fp / negatives if negatives else None,
        # F1 would be 0 where there is nothing to find, however few false alarms there are
        "f1": counts.f1 if positives else None,
    }
