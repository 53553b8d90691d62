"""Temperature scaling: one number that makes confidence honest and changes no decision.

Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks" (arXiv:1706.04599). For two answers
with the margin m = log p(positive) - log p(negative), the probability at temperature T is sigmoid(m / T); T > 0, so
that m / T has the sign of m, and every answer stays what it was.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError

Floats = NDArray[np.float64]

COLDEST, HOTTEST = 0.01, 100.0


def probability(margins: ArrayLike, temperature: float = 1.0) -> Floats:
    """Of the positive answer, (n,).

    Raises:
        DataError: a temperature that is not positive.
    """
    if not temperature > 0:
        raise DataError(f"temperature: {temperature} is not allowed: above 0")
    scaled = np.asarray(margins, np.float64) / temperature
    positive = 1 / (1 + np.exp(-np.abs(scaled)))  # of the larger side: no overflow
    return np.asarray(np.where(scaled >= 0, positive, 1 - positive))


def nll(positive: ArrayLike, margins: ArrayLike, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the right answers, in nats."""
    scaled = np.asarray(margins, np.float64) / temperature
    # the margin in favour of the right answer
    signed = np.where(np.asarray(positive), scaled, -scaled)
    return float(np.mean(np.logaddexp(0, -signed)))


def fit_temperature(positive: ArrayLike, margins: ArrayLike) -> float:
    """The temperature with the lowest NLL, from 0.01 (all answers right) to 100 (margins that say nothing).

    The NLL is convex in 1 / T, so that a bounded scalar search finds its only minimum.

    Args:
        positive: bool (n,). margins: (n,), of development clips: never of those that are judged.

    Raises:
        DataError: no clips, other lengths, one class only, or a margin that is not finite.
    """
    from scipy.optimize import minimize_scalar

    truth, values = np.asarray(positive), np.asarray(margins, np.float64)
    if truth.dtype != np.bool_ or truth.shape != values.shape or not len(truth):
        raise DataError("a temperature is fitted on a truth and a margin for each clip")
    if truth.all() or not truth.any():
        raise DataError("a temperature needs development clips of both classes")
    if not np.isfinite(values).all():
        raise DataError("margins must be finite")
    # on the scale of logarithms, where 0.1 and 10 are as far from 1
    found = minimize_scalar(
        lambda log_t: nll(truth, values, float(np.exp(log_t))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(np.exp(found.x))
