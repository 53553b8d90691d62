"""The logistic regression against its textbook definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chorus.errors import DataError
from chorus.evaluation import logistic_regression_scores
from chorus.evaluation.baseline import logistic_regression_probabilities


def _features(seed=0, n=80):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 4 == 0
    return rng.normal(size=(n, 3)) * [1, 10, 0.1] + np.outer(labels, [1, 5, 0]), labels


def test_scores_minimise_the_balanced_penalised_loss():
    features, labels = _features()
    z = (features - features.mean(axis=0)) / features.std(axis=0)
    weights = np.where(
        labels, len(labels) / (2 * labels.sum()), len(labels) / (2 * (~labels).sum())
    )

    def loss(parameters):
        logits = z @ parameters[:3] + parameters[3]
        return (
            0.01 * (weights * np.logaddexp(0, -np.where(labels, 1, -1) * logits)).sum()
            + (parameters[:3] ** 2).sum() / 2
        )

    best = minimize(loss, np.zeros(4), tol=1e-12).x
    expected = 1 / (1 + np.exp(-(z @ best[:3] + best[3])))
    assert logistic_regression_scores(features, labels, features) == pytest.approx(
        expected, abs=1e-3
    )


def test_the_same_data_give_the_same_bytes():
    features, labels = _features()
    other, _ = _features(1, n=7)
    first = logistic_regression_scores(features.astype(np.float32), labels, other)
    assert first.shape == (7,)
    assert (
        first.tobytes()
        == logistic_regression_scores(features.astype(np.float32), labels, other).tobytes()
    )


def test_one_class_or_shapes_that_do_not_fit_are_refused():
    features, labels = _features()
    with pytest.raises(DataError, match="two classes at least"):
        logistic_regression_scores(features, np.ones_like(labels), features)
    with pytest.raises(DataError, match="do not fit"):
        logistic_regression_scores(features, labels, features[:, :2])
    with pytest.raises(DataError, match="do not fit"):
        logistic_regression_scores(features, labels[:-1], features)


def test_several_classes_have_the_probabilities_of_scikit_learn_and_a_missing_one_has_none():
    rng = np.random.default_rng(3)
    labels = np.arange(120) % 3
    features = rng.normal(size=(120, 5)) + np.eye(5)[labels]
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    )
    expected = model.fit(features, labels).predict_proba(features)
    assert logistic_regression_probabilities(features, labels, features, 3) == pytest.approx(
        expected, abs=1e-9
    )
    shifted = np.array([0, 2, 3])[labels]  # nobody is of class 1
    found = logistic_regression_probabilities(features, shifted, features, 4)
    assert found == pytest.approx(np.insert(expected, 1, 0, axis=1), abs=1e-9)
