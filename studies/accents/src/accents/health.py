"""Is a training healthy? The judge of all studies, told that samples are clips, and datasets what records them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from chorus.clips import TRAIN
from chorus.health.judge import Health
from chorus.health.judge import judge as judge_clips
from chorus.health.options import HealthOptions

PROFILES = ("calibrated", "guide")


def of_these_classes(
    pairs: Sequence[tuple[str, str]], classes: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Pairs of classes that there are: the parameter lists those of several tables of classes."""
    return tuple(pair for pair in pairs if set(pair) <= set(classes))


def judge(
    history: pd.DataFrame,
    model: Mapping[str, Any],
    predictions: pd.DataFrame,
    options: HealthOptions,
) -> Health:
    """Judge one run.

    Args:
        history: plots/training/curves.csv. model: models/accents.json. predictions: data/predictions.parquet.
    """
    clips = pd.DataFrame(
        {
            "clip_id": predictions["sample_id"],
            "site": predictions["dataset_name"],
            "recorder": predictions["dataset_name"],
            "recording": predictions["recording"],
            "speaker": predictions["speaker_id"],
            "group": predictions["voice"],
            "seconds": predictions["seconds"],
        }
    )
    said = predictions.rename(columns={"sample_id": "clip_id"})
    known = of_these_classes(options.expected_confusions, model["classes"])
    health = judge_clips(
        history,
        model,
        said,
        said.loc[said["split"] == TRAIN, ["clip_id", "label"]],
        clips,
        replace(options, expected_confusions=known),
    )
    health.about["source"] = "dataset"
    return health
