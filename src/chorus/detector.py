"""Fit a detector to a manifest and score clips with it: the one way in which detectors and miners are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from chorus.clips import VALIDATION
from chorus.embeddings import Embeddings
from chorus.tasks import DETECTION, Task, clip_scores
from chorus.training import (
    Examples,
    Head,
    HeadOptions,
    TrainedHead,
    train_head,
    untrained,
)

ScoresOf = Callable[[np.ndarray], np.ndarray]


def fit(
    manifest: pd.DataFrame,
    clips: pd.DataFrame,
    embeddings: Embeddings,
    options: HeadOptions,
    seed: int,
    *,
    task: Task = DETECTION,
    consistency_groups: pd.Series | None = None,
    on_epoch: Callable[[list[dict[str, float]]], None] | None = None,
) -> TrainedHead:
    """Train a head on a composed training set; the threshold of a detection is chosen on the validation split.

    Args:
        manifest: clip_id, label of the training set.
        clips: clip_id, label, split, group of the whole survey.
        embeddings: of at least the training and validation clips.
        task: what is to be learned, and so what the labels may be.
        consistency_groups: indexed by clip id; whose group consistency is measured after each epoch (None: nights).

    Returns:
        A head that knows nothing where the training set lacks a class; `summary` says so under `notes`.

    Raises:
        DataError: a clip has no embedding.
    """
    if lacking := task.lacking(task.numbers(manifest.set_index("clip_id")["label"])):
        reason = f"the training set has no {' and no '.join(lacking)} clips"
        return untrained(embeddings.features.shape[1], task, reason)
    validation = clips[clips["split"] == VALIDATION]
    learned = examples(manifest, clips, embeddings, task, consistency_groups)
    judged = (
        examples(validation, clips, embeddings, task, consistency_groups)
        if len(validation)
        else None
    )
    return train_head(learned, judged, options, seed, on_epoch)


def examples(
    labelled: pd.DataFrame,
    clips: pd.DataFrame,
    embeddings: Embeddings,
    task: Task = DETECTION,
    consistency_groups: pd.Series | None = None,
) -> Examples:
    """One row a window, with the label and the groups of its clip.

    Args:
        labelled: clip_id, label of the clips that are wanted.
        clips: clip_id, group of the whole survey.
        task: what is to be learned.
        consistency_groups: indexed by clip id; None: as `group`.

    Raises:
        DataError: a clip has no embedding, or a label that is none of the task.
    """
    labels = pd.Series(
        task.numbers(labelled.set_index("clip_id")["label"]), index=labelled["clip_id"]
    )
    rows = embeddings.rows_of(labelled["clip_id"])
    clip_ids = embeddings.clip_ids[rows]
    group = clips.set_index("clip_id")["group"].loc[clip_ids].to_numpy(dtype=str)
    consistent = None
    if consistency_groups is not None:
        consistent = consistency_groups.loc[clip_ids].to_numpy(dtype=str)
    # All features, and which rows of them: a copy for each part took three times the memory of the embeddings.
    return Examples(
        embeddings=embeddings.features,
        labels=labels.loc[clip_ids].to_numpy(),
        groups=group,
        clip_ids=clip_ids,
        task=task,
        consistency_groups=consistent,
        rows=rows,
    )


def score(scores_of: ScoresOf, embeddings: Embeddings, clip_ids: Iterable[str]) -> pd.Series:
    """A clip's score: the maximum over its windows. Indexed by clip id, in the order asked for.

    Args:
        scores_of: embeddings (n, dimensions) -> scores (n,): `Head.scores`, or a baseline's.

    Raises:
        DataError: a clip has no embedding.
    """
    wanted = list(clip_ids)
    rows = embeddings.of(wanted)
    ids, scores = clip_scores(scores_of(rows.features), rows.clip_ids)
    return pd.Series(scores, index=ids, name="score").loc[wanted]


def predictions(head: Head, embeddings: Embeddings, clip_ids: Iterable[str]) -> pd.DataFrame:
    """What a head says of clips: the probability of each class, or a score (`chorus.tasks.Task.of_clips`).

    Returns:
        One row a clip, indexed by clip id, in the order asked for; one column a class, or the column `score`.

    Raises:
        DataError: a clip has no embedding.
    """
    wanted = list(clip_ids)
    rows = embeddings.of(wanted)
    ids, values = head.task.of_clips(head.predictions(rows.features), rows.clip_ids)
    columns = list(head.task.classes) or ["score"]
    return pd.DataFrame(values, index=ids, columns=columns).loc[wanted]
