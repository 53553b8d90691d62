"""Is the training healthy? The rules of `rules.yaml`, by the same judge as everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from chorus.health.diagnosis import Details, Diagnosis, diagnose
from chorus.health.rules import load_rules

RULES = Path(__file__).with_name("rules.yaml")


def judge(
    curves: pd.DataFrame, training: Mapping[str, Any], detail: Mapping[str, Any]
) -> Diagnosis:
    """Judge a training by its curves (mean over models) and what came of it.

    Args:
        training: metrics/training.json. detail: metrics/evaluation_detail.json.
    """
    lead = detail["less_than"]["lightgbm"]["target"]
    best = round(training["best_epoch"])
    signals = {
        "baseline.lead": lead["value"],
        "baseline.lead_low": lead["low"],
        "coverage.high": detail["calibration"]["coverage"]["all"]["90%"],
        "best_epoch.share": best / max(1, len(curves)),
        "rare.records": float(detail["rarest_records"]),
    }
    return diagnose(curves, Details(best_epoch=best, signals=signals), load_rules("scores", RULES))
