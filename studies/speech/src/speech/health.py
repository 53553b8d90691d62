"""Are the trainings of the adapters healthy? The judge of all studies, told that speech is a detection.

The validation split is that of the development clips, and the IID test that of the test: both clean, both of sources
that the adapter never heard. The judge's groups are the study's sources; of recorders nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from chorus.clips import NEGATIVE, POSITIVE, TEST_IID, TRAIN, VALIDATION
from chorus.health.judge import Health
from chorus.health.judge import judge as judge_clips
from chorus.health.options import HealthOptions
from chorus.health.rules import SEVERITIES
from chorus.tasks import DETECTION
from speech import clips
from speech.demo import SPEECH

SPLIT_OF = {clips.TRAIN: TRAIN, clips.DEVELOPMENT: VALIDATION, clips.TEST: TEST_IID}
PROFILES = ("calibrated", "guide")
SECONDS = 1.0  # of every base clip


@dataclass(frozen=True)
class Trainings:
    """The judgement of each training, by its name."""

    found: Mapping[str, Health]

    @property
    def worst(self) -> str:
        """The name of the first of those that were judged worst."""
        order = [*SEVERITIES, "healthy"]
        return min(self.found, key=lambda name: order.index(self.found[name].diagnosis.verdict))

    @property
    def headline(self) -> dict[str, Any]:
        """The worst verdict, what was found in any training, and how many trainings were found so."""
        names: list[str] = []
        verdicts: list[str] = []
        for health in self.found.values():
            for finding in health.diagnosis.findings:
                names.append(finding.name)
            verdicts.append(health.diagnosis.verdict)
        return {
            "verdict": self.found[self.worst].diagnosis.verdict,
            "findings": "+".join(dict.fromkeys(names)) or "none",
            "trainings": len(verdicts),
            "troubles": verdicts.count("trouble"),
            "watches": verdicts.count("watch"),
        }

    @property
    def by_training(self) -> dict[str, Any]:
        """The verdict on each, and its findings with their numbers."""
        said = {}
        for name, health in self.found.items():
            findings = {}
            for finding in health.diagnosis.findings:
                findings[finding.name] = list(finding.evidence)
            said[name] = {"verdict": health.diagnosis.verdict, "findings": findings}
        return said


def judge(
    curves: pd.DataFrame,
    answers: pd.DataFrame,
    table: pd.DataFrame,
    gradient_clip: float,
    options: HealthOptions,
) -> Trainings:
    """Judge every training.

    Args:
        curves: plots/training/adapters.csv. answers: data/tuned/clean.parquet, what each adapter says of clean clips.
        table: data/manifests/splits.csv.
    """
    about = pd.DataFrame({"clip_id": table["clip_id"], "seconds": SECONDS})
    for column in ("recording", "speaker", "group"):
        about[column] = table["source"]
    # Every kind of sound is of one class by nature: as recorders, kinds would be called confounded with it.
    for column in ("site", "recorder"):
        about[column] = ""
    said = answers.assign(
        split=answers["split"].map(SPLIT_OF),
        label=(answers["label"] == SPEECH).map({True: POSITIVE, False: NEGATIVE}),
    )
    found = {}
    # Each by itself: a mean over trainings would hide the one that went wrong.
    for (adapter, seed), history in curves.groupby(["configuration", "seed"], sort=False):
        own = said[(said["configuration"] == adapter) & (said["seed"] == seed)]
        learned = own.loc[own["split"] == TRAIN, ["clip_id", "label"]]
        model = _described(len(history), gradient_clip)
        health = judge_clips(history, model, own, learned, about, options)
        health.about["group"] = "source"
        found[f"{adapter}_{seed}"] = health
    return Trainings(found)


def _described(epochs: int, gradient_clip: float) -> dict[str, Any]:
    """An adapter as the judge wants a detector described; the last epoch is kept."""
    stopped = f"all {epochs} epochs are done"
    return {
        **DETECTION.description(),
        "options": {"gradient_clip": gradient_clip},
        "training": {"best_epoch": epochs, "stopped": stopped},
    }
