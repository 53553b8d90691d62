"""From scores to probabilities: Platt's sigmoid on the log odds of a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError

_LEAST = 1e-12  # of a score and of its distance from 1: keeps log odds finite
_STEPS = (
    100  # ten or so are enough; only with scores that are all alike the last digits never settle
)
_STILL = 1e-10  # a step that moves no weight further than this is the last


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
        return _sigmoid(self.slope * _log_odds(scores) + self.intercept)


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
    # from the calibration that knows how frequent the classes are and nothing of the scores, as Platt's own code
    start = np.array([0.0, np.log((positives + 1) / (negatives + 1))])
    slope, intercept = _newton(design, target, start)
    return Calibration(float(slope), float(intercept), positives, negatives)


def _newton(
    design: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    loss = _loss(design, target, weights)
    for _ in range(_STEPS):
        fitted = _sigmoid(design @ weights)
        gradient = design.T @ (fitted - target)
        # scores that are all alike leave one direction without curvature: a little of it, to divide by
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + 1e-12 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        smaller = _loss(design, target, weights - step)
        # far from the optimum a whole step may overshoot, and the next one would go further out
        while smaller > loss and np.abs(step).max() > _STILL:
            step /= 2
            smaller = _loss(design, target, weights - step)
        weights, loss = weights - step, smaller
        if np.abs(step).max() <= _STILL:
            break
    return weights


def _loss(
    design: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    logits = design @ weights
    return float(np.sum(np.logaddexp(0, logits) - target * logits))


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # by the logarithm, because exp(-x) overflows where a steep calibration meets an extreme score
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(scores, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(inside) - np.log1p(-inside))
