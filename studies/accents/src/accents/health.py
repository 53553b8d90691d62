"""Is a training healthy? The judge of all studies, told that samples are clips, and datasets what records them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from accents.said import likely, of_training
from accents.suspecting import contradicted
from chorus.clips import TRAIN
from chorus.health.diagnosis import Details, diagnose
from chorus.health.judge import Health
from chorus.health.judge import judge as judge_clips
from chorus.health.options import HealthOptions
from chorus.health.rules import RULES as HOUSE_RULES
from chorus.health.rules import Rules, load_rules

PROFILES = ("calibrated", "guide")
RULES = Path(__file__).with_name("rules.yaml")


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
    health = _by_the_house(history, model, predictions, options)
    of_training = {
        "training.speakers": fewest_speakers(predictions),
        "training.contradicted": contradicted(predictions),
        "sources.unlearned": unlearned_dataset(predictions),
    }
    signals = {**health.signals, **of_training}
    # Judged once more, with this study's signals beside the house's, and by its own rules.
    details = Details(
        classes=len(model["classes"]),
        gradient_clip=model["options"].get("gradient_clip"),
        consistency_chance=health.facts.consistency_chance,
        best_epoch=model["training"]["best_epoch"],
        signals=signals,
    )
    about = health.about | {"source": "dataset"}
    found = diagnose(history, details, rules(options.profile))
    return replace(health, diagnosis=found, signals=signals, about=about)


def rules(profile: str) -> Rules:
    """The guide's rules are those of the house; what was calibrated, was on networks like this study's."""
    return load_rules(profile, RULES if profile == "calibrated" else HOUSE_RULES)


def fewest_speakers(predictions: pd.DataFrame) -> int | None:
    """Training speakers of the class that has the fewest; None where no training sample is known."""
    training = of_training(predictions).table
    if training.empty:
        return None
    return int(training.groupby("label")["speaker_id"].nunique().min())


def unlearned_dataset(predictions: pd.DataFrame) -> float | None:
    """By how much the training samples of one dataset are learned worse than the others': accuracy of the others less
    that of the worst one; None with a single dataset."""
    training = of_training(predictions).table
    if training["dataset_name"].nunique() < 2:
        return None
    right, dataset = likely(training) == training["label"], training["dataset_name"]
    worst = right.groupby(dataset).mean().idxmin()
    return float(right[dataset != worst].mean() - right[dataset == worst].mean())


def _by_the_house(
    history: pd.DataFrame,
    model: Mapping[str, Any],
    predictions: pd.DataFrame,
    options: HealthOptions,
) -> Health:
    """What the judge of all studies finds, who is told of clips."""
    clips = pd.DataFrame(
        {
            "clip_id": predictions["sample_id"],
            # Of sites and recorders nothing is known but the dataset, which stands for both.
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
    training = said.loc[said["split"] == TRAIN, ["clip_id", "label"]]
    asked = replace(options, expected_confusions=known)
    return judge_clips(history, model, said, training, clips, asked)
