"""The plain way beside which a network is judged: a frozen encoder's embeddings, and a head on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.tasks import Classification
from chorus.training import Examples, HeadOptions, TrainedHead, train_head
from chorus.voices.sequences import Sequences


def fit(
    learn: pd.DataFrame,
    judge: pd.DataFrame,
    heard: Sequences,
    task: Classification,
    options: HeadOptions,
    seed: int,
) -> TrainedHead:
    """Train a head on the embeddings of samples.

    Args:
        learn, judge: sample_id, region_label, speaker_id, voice; voices of `judge` are not heard in training.
        heard: embeddings of all of them.
    """
    return train_head(
        examples(learn, heard, task), examples(judge, heard, task), options=options, seed=seed
    )


def examples(samples: pd.DataFrame, heard: Sequences, task: Classification) -> Examples:
    """A row a window of these samples."""
    embedded = [one.numpy() for one in heard.of(samples["sample_id"])]
    rows = np.repeat(np.arange(len(samples)), [len(one) for one in embedded])
    by_window = samples.iloc[rows]
    numbers = task.numbers(samples.set_index("sample_id")["region_label"])
    return Examples(
        embeddings=np.concatenate(embedded),
        labels=numbers[rows],
        groups=by_window["voice"].to_numpy(dtype=str),
        clip_ids=by_window["sample_id"].to_numpy(dtype=str),
        task=task,
        consistency_groups=by_window["speaker_id"].to_numpy(dtype=str),
    )


def probabilities(
    trained: TrainedHead, samples: pd.DataFrame, heard: Sequences
) -> NDArray[np.float64]:
    """Of each class, (n, k), in the order of the samples: means over their windows."""
    embedded = [one.numpy() for one in heard.of(samples["sample_id"])]
    sample_of = np.repeat(np.arange(len(samples)), [len(one) for one in embedded])
    head = trained.head
    _, found = head.task.of_clips(head.predictions(np.concatenate(embedded)), sample_of)
    return found
