"""Which training clips are probably mislabelled: those that a model which never heard their night takes for another."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chorus.clips import NEGATIVE, POSITIVE
from chorus.errors import DataError
from chorus.evaluation.baseline import logistic_regression_scores
from chorus.training.examples import BINARY, Examples, clip_scores

FOLDS = 5


def suspects(training: Examples, *, folds: int = FOLDS) -> pd.DataFrame:
    """Training clips, the most suspicious first.

    A logistic regression scores each fold of nights after learning from the others. A clip's score is cleanlab's
    label quality by self-confidence, the probability of the label that it bears (Northcutt et al. 2021,
    doi:10.1613/jair.1.12125; Kuan & Mueller 2022, "Model-agnostic label quality scoring to detect real-world label
    errors"). Nothing in it is random.

    Returns:
        clip_id, label ("positive", "negative"), score (0 to 1, low is suspicious), rank (from 1).

    Raises:
        DataError: more than two classes, fewer nights than folds, or a class that is in one night only.
    """
    from cleanlab.rank import get_label_quality_scores

    if training.classes != BINARY:
        raise DataError(f"suspects are found among two classes, not {len(training.classes)}")
    training = training.ordered()
    scores = out_of_fold_scores(training, folds)
    clip_ids, positive = clip_scores(scores, training.clip_ids)
    labels = training.first_windows().labels == 1
    probabilities = np.column_stack([1 - positive, positive])
    quality = get_label_quality_scores(labels.astype(int), probabilities, method="self_confidence")
    table = pd.DataFrame({"clip_id": clip_ids, "label": np.where(labels, POSITIVE, NEGATIVE), "score": quality})
    table = table.sort_values(["score", "clip_id"], ignore_index=True)
    return table.assign(rank=np.arange(1, len(table) + 1))


def out_of_fold_scores(training: Examples, folds: int) -> np.ndarray:
    """The probability of the positive class, (n,), each row scored by a model that learned from other nights.

    Raises:
        DataError: see `suspects`.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    nights = len(np.unique(training.groups))
    if nights < folds:
        raise DataError(f"out-of-fold predictions need {folds} nights at least, but the training set has {nights}")
    scores = np.full(len(training), np.nan)
    split = StratifiedGroupKFold(n_splits=folds).split(training.features, training.labels, training.groups)
    for others, fold in split:
        learned = training.take(others)
        scores[fold] = logistic_regression_scores(learned.features, learned.labels == 1, training.features[fold])
    return scores
