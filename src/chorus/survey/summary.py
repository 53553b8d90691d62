"""What a survey consists of, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd

from chorus import quarantine
from chorus.clips import LABELS, POSITIVE, QUALITIES, ROLES, WINDOW_SECONDS


def summarise(
    clips: pd.DataFrame, rejected: pd.DataFrame, remarks: pd.DataFrame, notes: Mapping[str, Any]
) -> dict[str, Any]:
    """A nested dict for JSON.

    Args:
        clips: the survey's table.
        rejected: the quarantine.
        remarks: what was noticed about clips that are in: source, clip_id, remark ("kind: words").
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
        # Recorder-nights: two recorders in one night are two, as they are two shards.
        "nights": len(clips.loc[clips["night"] != "", ["recorder", "night"]].drop_duplicates()),
        "shards": clips["shard"].nunique(),
        "quarantined": len(rejected),
        "quarantined_by_reason": quarantine.count_reasons(rejected),
        "remarks": quarantine.count_reasons(remarks.rename(columns={"remark": "reason"})),
        "notes": dict(notes),
    }


def tally(table: pd.DataFrame, column: str, most: int = 3) -> list[str]:
    """A sentence for each kind of reason or remark, the commonest first: how many files, and the first few of them.

    Args:
        table: quarantine or remarks.
        column: the one with the words, of which the kind stands before a colon.
        most: files that are named.
    """
    kinds = table[column].str.split(":").str[0]
    sentences = []
    for kind, count in sorted(Counter(kinds).items(), key=lambda item: (-item[1], item[0])):
        files = sorted(set(table.loc[kinds == kind, "source"]))
        named = ", ".join(files[:most])
        if len(files) > most:
            named += f" and {len(files) - most} more"
        sentences.append(f"{kind} ({count}): {named}")
    return sentences


def _counts(column: pd.Series, values: tuple[str, ...] | list[str]) -> dict[str, int]:
    return {value: int((column == value).sum()) for value in values}
