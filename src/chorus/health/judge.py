"""One run from its files to its diagnosis: what the stage writes, and what the benchmark of planted faults measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import NEGATIVE, POSITIVE, TEST_IID, VALIDATION, name_clips
from chorus.errors import DataError
from chorus.health.details import Facts, association, describe, lead
from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.measures import END
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules

HELD_OUT = 30  # clips; of ten, three wrong ones are a third of the accuracy


@dataclass(frozen=True)
class Health:
    """Of one run. signals: beside the curves. about: its best epoch, why it stopped, how its clips are grouped."""

    diagnosis: Diagnosis
    facts: Facts
    signals: Mapping[str, float | None]
    about: dict[str, Any]

    @property
    def headline(self) -> dict[str, Any]:
        """A few values, for a table of experiments."""
        return self.diagnosis.headline

    @property
    def detail(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return self.diagnosis.as_json() | self.about | {"validation": self.facts.tables}

    @property
    def sources(self) -> pd.DataFrame:
        """source, clips, accuracy, low, high of the validation clips."""
        return pd.DataFrame([{"source": name, **share} for name, share in self.facts.tables["sources"].items()])


def judge(
    history: pd.DataFrame,
    model: Mapping[str, Any],
    predictions: pd.DataFrame,
    training: pd.DataFrame,
    clips: pd.DataFrame,
    options: HealthOptions,
) -> Health:
    """Judge the training of a detector by its curves and by its predictions on the validation split.

    The IID test has one say: validation and IID test are other nights of the same recorders, so a model that does far
    better on one of them has probably seen it.

    Args:
        history: plots/training/curves.csv.
        model: models/detector.json.
        predictions: clip_id, split, label, score; data/predictions.parquet.
        training: clip_id, label of the training set; data/manifests/train.csv.
        clips: clip_id, site, recorder, recording, group, seconds of the whole survey.

    Raises:
        DataError: no validation clips, or clips that are not in the survey.
    """
    if missing := sorted((set(predictions["clip_id"]) | set(training["clip_id"])) - set(clips["clip_id"])):
        raise DataError(f"there are clips that are not in the survey: {name_clips(missing)}")
    validation, iid = (predictions[predictions["split"] == split] for split in (VALIDATION, TEST_IID))
    survey = clips.set_index("clip_id")
    about = survey.loc[validation["clip_id"]].reset_index()
    group = "group" if options.group == "night" else options.group
    scores = validation["score"].to_numpy(dtype=np.float64)
    facts = describe(
        pd.DataFrame(
            {
                "clip_id": about["clip_id"],
                "label": validation["label"].to_numpy(),
                "source": about[options.source],
                "group": about[group],
                "seconds": about["seconds"].astype(float),
            }
        ),
        np.column_stack([1 - scores, scores]),
        (NEGATIVE, POSITIVE),
        duration_edges=options.duration_edges,
        expected_confusions=options.expected_confusions,
    )
    details = Details(
        classes=2,
        gradient_clip=model["options"].get("gradient_clip"),
        consistency_chance=facts.consistency_chance,
        best_epoch=model["training"]["best_epoch"],
        # in the curves it is of the nights that early stopping looks at, whose chance level nobody knows afterwards
        signals={"validation_group_consistency.end": facts.tables["group_consistency"]["share"]}
        | facts.signals
        | _beside_the_curves(facts.signals["split.accuracy"], history, model["training"], validation, iid)
        | {"groups.association": association(training["label"], survey.loc[training["clip_id"], group])},
    )
    return Health(
        diagnose(history, details, load_rules(options.profile)),
        facts,
        details.signals,
        about={
            "best_epoch": details.best_epoch,
            "stopped": model["training"].get("stopped"),
            "group": options.group,
            "source": options.source,
        },
    )


def _beside_the_curves(
    accuracy: float | None,
    history: pd.DataFrame,
    training: Mapping[str, Any],
    validation: pd.DataFrame,
    iid: pd.DataFrame,
) -> dict[str, float | None]:
    """How the training ended, and how the validation split compares with held-out training nights and the IID test.

    split.gain and split.contrast need a hold-out of some size from the training set. The second is large where held-out
    nights of it are worse than both its other nights and nights beyond it: so they are worse labelled.
    """
    signals: dict[str, float | None] = dict.fromkeys(
        ("split.lead", "split.lead_errors", "split.gain", "split.contrast")
    )
    signals["broke_down"] = float("not finite" in str(training.get("stopped")))
    found = lead(_right(validation), _right(iid))
    if found is not None:
        signals |= {"split.lead": found[0], "split.lead_errors": found[1]}
    part = training.get("early_stopping", {})
    held_out = part.get("on") == "internal" and part["clips"] >= HELD_OUT
    if held_out and accuracy is not None and {"validation_accuracy", "train_accuracy"} <= set(history):
        best = history.loc[history["epoch"] == training["best_epoch"], "validation_accuracy"].iloc[0]
        fitted = (history["train_accuracy"] - history["validation_accuracy"]).tail(END).median()
        signals["split.gain"] = accuracy - float(best)
        signals["split.contrast"] = accuracy - float(best) + float(fitted)
    return signals


def _right(clips: pd.DataFrame) -> pd.DataFrame:
    return clips.assign(right=(clips["score"] > 0.5) == (clips["label"] == POSITIVE))
