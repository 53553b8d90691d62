"""How near predicted scores are to true ones: pure functions of two lists of numbers (n,) each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError

Floats = NDArray[np.float64]


def rmse(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Root of the mean squared error.

    Raises:
        DataError: no scores, unequal lengths, or some that are not finite.
    """
    true, said = _checked(truth, predicted)
    return math.sqrt(float(np.mean((said - true) ** 2)))


def mae(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Mean absolute error.

    Raises:
        DataError: as `rmse`.
    """
    true, said = _checked(truth, predicted)
    return float(np.mean(np.abs(said - true)))


def correlation(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Pearson's correlation; nan, which stands for unknown, where either does not vary.

    Raises:
        DataError: as `rmse`.
    """
    true, said = _checked(truth, predicted)
    # corrcoef would divide by 0, and warn
    if np.ptp(true) == 0 or np.ptp(said) == 0:
        return math.nan
    return float(np.corrcoef(true, said)[0, 1])


def _checked(truth: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    true, said = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if true.ndim != 1 or true.shape != said.shape:
        raise DataError(
            f"scores must be two lists of one length, not {true.shape} and {said.shape}"
        )
    if not len(true):
        raise DataError("there are no scores to judge")
    if not (np.isfinite(true).all() and np.isfinite(said).all()):
        raise DataError("scores must be finite")
    return true, said
