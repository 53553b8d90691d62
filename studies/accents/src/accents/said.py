"""What a network, or a plain head, says of samples: one table for all that judge it, who need not know what said it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import TRAIN
from chorus.tasks import Classification
from chorus.voices.evaluation import Judged, of_split

ABOUT = ("sample_id", "split", "voice", "speaker_id", "dataset_name", "recording")
_SCORE = "score_"  # of a column, before the name of its class


def task_of(samples: pd.DataFrame) -> Classification:
    """The task of telling the classes of the samples apart, in the order of their names."""
    return Classification(tuple(sorted(samples["region_label"].unique())))


def task_of_predictions(said: pd.DataFrame) -> Classification:
    """The same task, from a table of predictions."""
    columns = [name for name in said if name.startswith(_SCORE)]
    return Classification(tuple(name.removeprefix(_SCORE) for name in columns))


def of_training(said: pd.DataFrame) -> Judged:
    """What is said of the samples that were learned, under the labels that they were learned by."""
    return of_split(said, task_of_predictions(said), TRAIN)


def likely(said: pd.DataFrame) -> NDArray[np.str_]:
    """The most probable class of each sample, (n,)."""
    classes = task_of_predictions(said).classes
    shares = said[[f"{_SCORE}{name}" for name in classes]].to_numpy()
    names: NDArray[np.str_] = np.asarray(classes)[np.argmax(shares, axis=1)]
    return names


def predictions(samples: pd.DataFrame, shares: np.ndarray, task: Classification) -> pd.DataFrame:
    """A row a sample: what is known of it, its label, and the probability of each class.

    Args:
        shares: (n, k).
    """
    table = samples[list(ABOUT)].reset_index(drop=True)
    table["label"] = samples["region_label"].to_numpy()
    table["seconds"] = samples["duration"].astype(float).to_numpy()
    for number, name in enumerate(task.classes):
        table[f"{_SCORE}{name}"] = shares[:, number]
    return table
