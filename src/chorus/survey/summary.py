"""What a survey consists of, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from chorus import quarantine
from chorus.clips import LABELS, POSITIVE, QUALITIES, ROLES, WINDOW_SECONDS


def summarise(clips: pd.DataFrame, rejected: pd.DataFrame, notes: Mapping[str, Any]) -> dict[str, Any]:
    """A nested dict for JSON.

    Args:
        clips: the survey's table.
        rejected: the quarantine.
        notes: what else there is to know of the survey's origin (assumptions made, columns ignored, synthetic).
    """
    windows = int(clips["windows"].astype(int).sum())
    positives = clips[clips["label"] == POSITIVE]
    return {
        "clips": len(clips),
        "windows": windows,
        "hours": windows * WINDOW_SECONDS / 3600,
        "label": _counts(clips["label"], LABELS),
        "quality": _counts(positives["quality"], QUALITIES),
        "role": _counts(clips["role"], ROLES),
        "site": _counts(clips["site"], sorted(set(clips["site"]))),
        "recorders": clips["recorder"].nunique(),
        "nights": len(clips.loc[clips["night"] != "", ["recorder", "night"]].drop_duplicates()),
        "shards": clips["shard"].nunique(),
        "quarantined": len(rejected),
        "quarantined_by_reason": quarantine.count_reasons(rejected),
        "notes": dict(notes),
    }


def _counts(column: pd.Series, values: tuple[str, ...] | list[str]) -> dict[str, int]:
    return {value: int((column == value).sum()) for value in values}
