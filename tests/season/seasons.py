"""A season's tables without its sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from chorus.files import write_json, write_parquet
from chorus.season.detections import DETECTIONS, RECORDINGS


def write_season(
    folder: Path, nights: int = 6, windows: int = 40, seed: int = 1, threshold: float = 0.6
) -> pd.Series:
    """Three sites; at the third nothing calls. Returns which windows have a call, by the name of the window."""
    random = np.random.default_rng(seed)
    rows, recordings, calls = [], [], {}
    for number, site in enumerate(("Pond", "Stream", "Ditch")):
        for night in range(nights):
            begins = pd.Timestamp(2024, 3, 1 + night, 21)
            file = f"season/{site}/A{number}_{begins:%Y%m%d_%H%M%S}.wav"
            calling = random.random(windows) < (0.3 if site != "Ditch" and night % 2 else 0.0)
            scores = np.clip(random.normal(np.where(calling, 0.75, 0.25), 0.15), 0.001, 0.999)
            for place in range(windows):
                time = begins + pd.Timedelta(seconds=3 * place)
                start, end = 3.0 * place, 3.0 * place + 3
                about = (f"A{number}", site, f"{begins:%Y-%m-%d}", time)
                score = float(scores[place])
                rows.append(
                    (file, start, end, "positive", score, score, score >= threshold, *about)
                )
                calls[f"{file}@{start:g}-{end:g}"] = bool(calling[place])
            reached = int((scores >= threshold).sum())
            about = (f"A{number}", site, f"{begins:%Y-%m-%d}", begins)
            recordings.append(
                (file, *about, 3.0 * windows, windows, reached, float(scores.max()), "", "")
            )
    write_parquet(folder / "detections.parquet", pd.DataFrame(rows, columns=list(DETECTIONS)))
    write_parquet(folder / "recordings.parquet", pd.DataFrame(recordings, columns=list(RECORDINGS)))
    model = {
        "name": "a detector",
        "threshold": threshold,
        "window_seconds": 3.0,
        "options": {"min_score": 0.0},
    }
    write_json(folder / "model.json", model)
    return pd.Series(calls)


def write_predictions(path: Path, nights: int = 12, seed: int = 2) -> None:
    """Labelled clips by which the errors of such a detector are known."""
    random = np.random.default_rng(seed)
    label = np.tile(np.repeat(["positive", "negative"], [15, 40]), nights)
    scores = np.clip(random.normal(np.where(label == "positive", 0.75, 0.25), 0.15), 0.001, 0.999)
    night = np.repeat([f"Lake/{number:02}" for number in range(nights)], 55)
    write_parquet(
        path, pd.DataFrame({"split": "test_ood", "label": label, "score": scores, "night": night})
    )
