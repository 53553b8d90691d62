"""From scores to probabilities: Platt's sigmoid on the log odds of a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError

_LEAST = 1e-12  # of a score and of its distance from 1: keeps log odds finite
_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """probability = sigmoid(slope * logit(score) + intercept).

    positives, negatives: clips that it was fitted on. It holds where calls are about as frequent as among these.
    """

    slope: float
    intercept: float
    positives: int
    negatives: int

    def probability(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of scores from 0 to 1, (n,)."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * _log_odds(scores) + self.intercept))))


def fit(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Calibration:
    """The most likely sigmoid (Platt 1999, "Probabilistic outputs for support vector machines").

    Platt's targets, (n + 1) / (n + 2) and 1 / (n + 2) instead of 1 and 0, keep it finite where a threshold
    separates the classes. Found by Newton's method with halved steps (Lin, Lin & Weng 2007,
    doi:10.1007/s10994-007-5018-6).

    Args:
        positive: (n,), whether each clip is positive. scores: (n,), from 0 to 1.

    Raises:
        DataError: a class has no clips, or a score lies outside 0 to 1.
    """
    if not ((scores >= 0) & (scores <= 1)).all():
        raise DataError("calibration needs scores from 0 to 1")
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        raise DataError(
            f"calibration needs clips of both classes, not {positives} positive and {negatives} negative"
        )
    target = np.where(positive, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([_log_odds(scores), np.ones(len(scores))])
    slope, intercept = _newton(
        design, target, np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    )
    return Calibration(float(slope), float(intercept), positives, negatives)


def _newton(
    design: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    loss = _loss(design, target, weights)
    for _ in range(_STEPS):
        fitted = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (fitted - target)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while (smaller := _loss(design, target, weights - step)) > loss and np.abs(
            step
        ).max() > 1e-10:
            step /= 2
        weights, loss = weights - step, smaller
        if np.abs(step).max() <= 1e-10:
            break
    return weights


def _loss(
    design: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    logits = design @ weights
    return float(np.sum(np.logaddexp(0, logits) - target * logits))


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(scores, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))
