"""Temperature scaling: the lowest NLL, equal to scikit-learn's, and no decision changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from chorus.errors import DataError
from chorus.metrics.temperature import fit_temperature, nll, probability


def overconfident(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    honest = rng.normal(0, 1.5, n)
    return rng.random(n) < 1 / (1 + np.exp(-honest)), honest * 3


@given(st.integers(0, 10_000))
def test_the_temperature_is_that_of_a_logistic_regression_without_intercept(seed):
    truth, margins = overconfident(seed)
    golden = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(
        margins[:, None], truth
    )
    assert fit_temperature(truth, margins) == pytest.approx(1 / golden.coef_[0, 0], rel=1e-3)


def test_it_moves_and_lowers_the_nll_of_clips_it_never_saw():
    temperature = fit_temperature(*overconfident(1))
    assert 2.3 < temperature < 3.9
    truth, margins = overconfident(2)
    assert nll(truth, margins, temperature) < nll(truth, margins) - 0.05


@given(st.lists(st.floats(-800, 800), min_size=1), st.floats(0.01, 100))
def test_accuracy_stays_what_it_was_at_every_temperature(margins, temperature):
    before, after = probability(margins), probability(margins, temperature)
    given_margins = np.array(margins)
    assert ((after >= 0.5) | (given_margins < 0)).all()
    assert ((after <= 0.5) | (given_margins > 0)).all()
    assert ((before - 0.5) * (after - 0.5) >= 0).all()
    assert ((after >= 0) & (after <= 1)).all()


def test_one_class_is_no_development_set():
    with pytest.raises(DataError, match="both classes"):
        fit_temperature(np.array([True, True]), np.array([1.0, 2.0]))
