"""Which training clips are probably mislabelled: those that a model which never heard their night takes for another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from chorus.clips import POSITIVE
from chorus.errors import DataError
from chorus.evaluation.baseline import logistic_regression_probabilities
from chorus.metrics import auroc
from chorus.tasks import DETECTION
from chorus.training.examples import Examples

FOLDS = 5


def suspects(training: Examples, *, folds: int = FOLDS) -> pd.DataFrame:
    """Training clips, the most suspicious first.

    A logistic regression scores each fold of nights after learning from the others. A clip's score is cleanlab's
    label quality by self-confidence, the probability of the label that it bears (Northcutt et al. 2021,
    doi:10.1613/jair.1.12125; Kuan & Mueller 2022, "Model-agnostic label quality scoring to detect real-world label
    errors"). Nothing in it is random.

    Returns:
        clip_id, label, score (0 to 1, low is suspicious), likely (the most probable class), rank (from 1).

    Raises:
        DataError: a class is heard in a single night, or all its clips are in one fold.
    """
    from cleanlab.rank import get_label_quality_scores

    training = training.ordered()
    clip_ids, probabilities = training.task.of_clips(
        out_of_fold_probabilities(training, folds), training.clip_ids
    )
    labels, classes = training.first_windows().labels, np.array(training.task.classes)
    quality = get_label_quality_scores(labels, probabilities, method="self_confidence")
    table = pd.DataFrame(
        {
            "clip_id": clip_ids,
            "label": classes[labels],
            "score": quality,
            "likely": classes[np.argmax(probabilities, axis=1)],
        }
    )
    table = table.sort_values(["score", "clip_id"], ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))


def suspects_or_why_not(training: Examples) -> tuple[pd.DataFrame, str]:
    """The same for a run that goes on without them: of too little data a table without rows, and why."""
    try:
        return suspects(training), ""
    except DataError as reason:
        return nobody(), str(reason)


def describe(ranked: pd.DataFrame, note: str) -> dict[str, Any]:
    """What metrics/suspects.json says of the table: its rows, how well nights know each other, why it is empty."""
    separated = separation(ranked)
    return {"clips": len(ranked), "auroc_of_unheard_nights": separated, "note": note}


def nobody() -> pd.DataFrame:
    """The table of `suspects` without rows."""
    return pd.DataFrame(columns=["clip_id", "label", "score", "likely", "rank"])


def separation(ranked: pd.DataFrame) -> float | None:
    """AUROC of two classes when each clip is scored by a model that never heard its night; None without both.

    Args:
        ranked: from `suspects`.
    """
    labels = (ranked["label"] == POSITIVE).to_numpy(dtype=bool)
    if set(ranked["label"]) != set(DETECTION.classes):
        return None
    own = ranked["score"].to_numpy(dtype=np.float64)
    return auroc(labels, np.where(labels, own, 1 - own))


def out_of_fold_probabilities(training: Examples, folds: int) -> np.ndarray:
    """The probability of each class, (n, k), each row by a model that learned from other nights.

    Args:
        folds: at most so many; fewer where a class is heard in fewer nights, or has fewer windows.

    Raises:
        DataError: see `suspects`.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes = len(training.task.classes)
    nights = np.array(
        [len(np.unique(training.groups[training.labels == label])) for label in range(classes)]
    )
    # with more folds than nights of a class, some model would have to learn without that class
    folds = min(folds, int(nights.min()))
    if folds < 2:
        rarest = int(nights.argmin())
        raise DataError(
            f"labels cannot be checked by other nights: {training.task.classes[rarest]} clips are heard in "
            f"{nights[rarest]} {'night' if nights[rarest] == 1 else 'nights'} of the training set, and it takes two"
        )
    probabilities = np.full((len(training), classes), np.nan)
    split = StratifiedGroupKFold(n_splits=folds).split(
        training.labels, training.labels, training.groups
    )
    for others, fold in split:
        learned = training.take(others)
        if len(unlearned := np.setdiff1d(training.labels[fold], learned.labels)):
            name = training.task.classes[unlearned[0]]
            raise DataError(
                f"all clips of the class {name} are in the nights of one fold: it needs more nights"
            )
        probabilities[fold] = logistic_regression_probabilities(
            learned.features, learned.labels, training.take(fold).features, classes
        )
    return probabilities
