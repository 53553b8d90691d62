"""What a plain method reaches on the same embeddings: a detector that does not beat it is not worth its training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError


def logistic_regression_scores(
    train_features: NDArray[np.floating],
    train_labels: NDArray[np.bool_],
    features: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Scores of a logistic regression: standardised features, L2 with C = 0.01, classes weighted as if balanced.

    Nothing in it is random, and it runs on one thread, so that its digits do not depend on the number of cores.

    Args:
        train_features: (n, dimensions). train_labels: bool (n,). features: (m, dimensions), to be scored.

    Returns:
        Probability of the positive class, (m,).

    Raises:
        DataError: the shapes do not fit, or the training set lacks a class.
    """
    probabilities = logistic_regression_probabilities(
        train_features, np.asarray(train_labels, dtype=bool).astype(np.intp), features, classes=2
    )
    return probabilities[:, 1]


def logistic_regression_probabilities(
    train_features: NDArray[np.floating],
    train_labels: NDArray[np.integer],
    features: NDArray[np.floating],
    classes: int,
) -> NDArray[np.float64]:
    """The same for any number of classes.

    Args:
        train_features: (n, dimensions). train_labels: (n,), from 0 to `classes` - 1; of more than two classes some may
            be missing. features: (m, dimensions), to be scored.

    Returns:
        Probability of each class, (m, classes); 0 for a class that was not learned.

    Raises:
        DataError: the shapes do not fit, or the training rows are all of one class.
    """
    labels = np.asarray(train_labels)
    if len(train_features) != len(labels) or train_features.shape[1:] != features.shape[1:]:
        raise DataError(
            f"logistic regression: features {train_features.shape} and {features.shape} and {len(labels)} labels "
            "do not fit together"
        )
    if len(np.unique(labels)) < 2:
        raise DataError(
            f"logistic regression needs two classes at least, but its {len(labels)} training rows are of one"
        )
    # after the checks, because scikit-learn takes a second to import
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    )
    with threadpool_limits(1):
        model.fit(np.asarray(train_features, dtype=np.float64), labels)
        known: NDArray[np.float64] = model.predict_proba(np.asarray(features, dtype=np.float64))
    probabilities = np.zeros((len(features), classes))
    # scikit-learn has no column for a class that it never saw
    probabilities[:, model.classes_] = known
    return probabilities
