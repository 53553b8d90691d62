"""One run from its files to its diagnosis: what the stage writes, and what the benchmark of planted faults measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chorus.clips import NEGATIVE, POSITIVE, VALIDATION, WINDOW_SECONDS
from chorus.errors import DataError
from chorus.health.details import Facts, describe
from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.options import HealthOptions
from chorus.health.rules import load_rules


@dataclass(frozen=True)
class Health:
    """Of one run. about: its best epoch, why it stopped, and by what its clips are grouped."""

    diagnosis: Diagnosis
    facts: Facts
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
    def sites(self) -> pd.DataFrame:
        """site, clips, accuracy, low, high of the validation clips."""
        return pd.DataFrame([{"site": site, **share} for site, share in self.facts.tables["sites"].items()])


def judge(
    history: pd.DataFrame,
    model: Mapping[str, Any],
    predictions: pd.DataFrame,
    clips: pd.DataFrame,
    options: HealthOptions,
) -> Health:
    """Judge the training of a detector by its curves and by its predictions on the validation split.

    Args:
        history: plots/training/curves.csv.
        model: models/detector.json.
        predictions: clip_id, split, label, score; data/predictions.parquet.
        clips: clip_id, site, recorder, recording, group, windows of the whole survey.

    Raises:
        DataError: no validation clips, or none of the survey's.
    """
    judged = predictions[predictions["split"] == VALIDATION]
    if missing := sorted(set(judged["clip_id"]) - set(clips["clip_id"])):
        raise DataError(f"predictions for clips that are not in the survey: {', '.join(missing[:6])}")
    about = clips.set_index("clip_id").loc[judged["clip_id"]].reset_index()
    scores = judged["score"].to_numpy(dtype="float64")
    facts = describe(
        pd.DataFrame(
            {
                "clip_id": about["clip_id"],
                "label": judged["label"].to_numpy(),
                "site": about["site"],
                "group": about["group" if options.group == "night" else options.group],
                "seconds": about["windows"].astype(int) * WINDOW_SECONDS,
            }
        ),
        pd.DataFrame({NEGATIVE: 1 - scores, POSITIVE: scores}).to_numpy(),
        (NEGATIVE, POSITIVE),
        duration_edges=options.duration_edges,
        expected_confusions=options.expected_confusions,
    )
    details = Details(
        classes=2,
        gradient_clip=model["options"].get("gradient_clip"),
        consistency_chance=facts.consistency_chance,
        best_epoch=model["training"]["best_epoch"],
        signals=facts.signals,
    )
    about = {"best_epoch": details.best_epoch, "stopped": model["training"].get("stopped"), "group": options.group}
    return Health(diagnose(history, details, load_rules(options.profile)), facts, about)
