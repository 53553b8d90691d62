"""What a training leaves behind after each epoch: for `watch`, and to go on from when it is killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from accents.said import predictions, task_of
from chorus.clips import VALIDATION
from chorus.files import write_csv, write_parquet
from chorus.health.measures import with_differences
from chorus.paths import TRAINING_CURVES
from chorus.voices.checkpoint import History

FOLDER = Path("data/unfinished")
STATE = FOLDER / "state.safetensors"
SAID = FOLDER / "validation.parquet"


def curves(history: History) -> pd.DataFrame:
    """The history as plots/training/curves.csv has it."""
    return with_differences(pd.DataFrame(history))


def show(samples: pd.DataFrame, history: History, logits: np.ndarray) -> None:
    """Write the curves so far, and what the network says of the validation samples.

    Args:
        samples: of all splits. logits: (n, classes) of those of validation.
    """
    task = task_of(samples)
    judged = samples[samples["split"] == VALIDATION]
    write_csv(TRAINING_CURVES, curves(history))
    # Second: where `watch` finds it, the curves are there, too.
    write_parquet(SAID, predictions(judged, task.predictions(logits), task))
