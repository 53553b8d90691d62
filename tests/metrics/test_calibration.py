"""Platt's calibration: scikit-learn's, and no warning where a steep one meets an extreme score."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import _sigmoid_calibration

from chorus.metrics import calibration


def test_the_sigmoid_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    positive = rng.random(500) < 0.3
    logits = rng.normal(size=500) + 1.5 * positive
    fitted = calibration.fit(positive, 1 / (1 + np.exp(-logits)))
    slope, intercept = _sigmoid_calibration(logits, positive)
    # scikit-learn writes 1 / (1 + exp(slope * x + intercept))
    assert (fitted.slope, fitted.intercept) == pytest.approx((-slope, -intercept), abs=1e-6)


@pytest.mark.filterwarnings("error")
def test_a_steep_calibration_of_an_extreme_score_neither_warns_nor_leaves_its_range():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.uniform(0.500, 0.501, 200), rng.uniform(0.502, 0.503, 200)])
    fitted = calibration.fit(np.repeat([False, True], 200), scores)
    assert fitted.slope > 1000
    assert fitted.probability(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]
