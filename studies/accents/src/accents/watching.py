"""The page of a training under way."""

from __future__ import annotations

import pandas as pd

from accents.health import judge
from accents.live import SAID
from accents.said import task_of_predictions
from chorus.health.options import HealthOptions
from chorus.paths import TRAINING_CURVES
from chorus.reports.health import page as health_page
from chorus.voices.training import best_epoch

RELOAD_EVERY = 5  # s


def page(options: HealthOptions, gradient_clip: float | None) -> tuple[int, str]:
    """How many epochs there are so far, and the page of them, which reloads itself.

    0 and "": the training has just ended, or one has begun that has no whole epoch yet.
    """
    try:
        history, said = pd.read_csv(TRAINING_CURVES), pd.read_parquet(SAID)
    except FileNotFoundError:
        # DVC deletes the curves before it trains; what a killed training said lies there until one ends.
        return 0, ""
    task = task_of_predictions(said)
    best = best_epoch(history.to_dict("records"), task)
    model = task.description() | {
        "options": {"gradient_clip": gradient_clip},
        "training": {"best_epoch": best, "stopped": None},
    }
    text = health_page("a training under way", judge(history, model, said, options).detail, history)
    reloads = f'<meta http-equiv="refresh" content="{RELOAD_EVERY}">'
    return len(history), text.replace("<head>", f"<head>{reloads}", 1)
