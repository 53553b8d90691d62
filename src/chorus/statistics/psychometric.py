"""Psychometric thresholds: the shortest duration, or the lowest signal-to-noise ratio, that is enough.

Two ways. *Interpolation*: accuracies are made to rise (isotonic regression: Ayer et al. 1955,
doi:10.1214/aoms/1177728423) and joined by straight lines. *Logistic*: a curve from chance to 1 - lapse is fitted by
maximum likelihood (Wichmann & Hill 2001, doi:10.3758/BF03194544). A threshold outside the levels that were tried is
no number: it is below or above the range, and an interval may reach there too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError
from chorus.statistics.clusters import cluster_draws

Floats = NDArray[np.float64]

BELOW, ABOVE = -np.inf, np.inf  # of the range of levels that were tried
MOST_LAPSES = 0.1


@dataclass(frozen=True)
class Threshold:
    """target: the accuracy. level: where it is reached; low, high: its interval over clusters.

    Minus and plus infinity: below and above the levels that were tried.
    """

    target: float
    level: float
    low: float
    high: float

    def in_words(self, unit: str, lowest: float, highest: float) -> str:
        """ "87 ms (60 to above 1000)", or "below 20 ms"."""
        ends = [_spoken(value, lowest, highest) for value in (self.level, self.low, self.high)]
        return f"{ends[0]} {unit} ({ends[1]} to {ends[2]})"


@dataclass(frozen=True)
class Logistic:
    """accuracy(x) = chance + (1 - chance - lapse) / (1 + exp(-slope * (x - middle))), on the scale of the fit."""

    chance: float
    lapse: float
    slope: float
    middle: float

    def accuracy(self, x: ArrayLike) -> Floats:
        """At each x."""
        # exp overflows beyond 709
        steepness = np.clip(self.slope * (np.asarray(x, np.float64) - self.middle), -500, 500)
        return np.asarray(
            self.chance + (1 - self.chance - self.lapse) / (1 + np.exp(-steepness)), np.float64
        )

    def level(self, target: float) -> float:
        """Where it reaches an accuracy; infinite where it never does, minus infinite where it always has."""
        if target <= self.chance:
            return BELOW
        if target >= 1 - self.lapse:
            return ABOVE
        share = (target - self.chance) / (1 - self.chance - self.lapse)
        return float(self.middle + np.log(share / (1 - share)) / self.slope)


def monotone(accuracies: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The nearest accuracies that never fall, (n,), by pooling adjacent violators."""
    values = np.asarray(accuracies, np.float64)
    size = np.ones_like(values) if weights is None else np.asarray(weights, np.float64)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    # Each value is a block of its own; blocks that fall are merged until none does.
    for value, weight in zip(values, size, strict=True):
        blocks.append((float(value), float(weight), 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (m1, w1, n1), (m2, w2, n2) = blocks[-2:]
            blocks[-2:] = [((m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2)]
    return np.concatenate([np.full(length, mean) for mean, _, length in blocks])


def interpolated(levels: ArrayLike, accuracies: ArrayLike, target: float) -> float:
    """The lowest level at which the monotone accuracy reaches the target, on a straight line between levels.

    Args:
        levels: (n,), rising; where they stand for a logarithmic scale, their logarithms. accuracies: (n,).

    Returns:
        Minus infinity where the lowest level is good enough already, infinity where none is.
    """
    x, y = _checked(levels, accuracies)
    rising = monotone(y)
    if rising[0] >= target:
        # exactly at the target the lowest level is the threshold, and not beyond it
        return BELOW if rising[0] > target else float(x[0])
    if rising[-1] < target:
        return ABOVE
    after = int(np.argmax(rising >= target))
    share = (target - rising[after - 1]) / (rising[after] - rising[after - 1])
    return float(x[after - 1] + share * (x[after] - x[after - 1]))


def fit_logistic(
    levels: ArrayLike,
    right: ArrayLike,
    trials: ArrayLike,
    chance: float = 0.5,
    *,
    near: Logistic | None = None,
) -> Logistic:
    """The most likely rising logistic with a lapse rate of at most 0.1.

    Args:
        levels: (n,), rising. right, trials: (n,), how many of the answers at each level are right; may be fractions.
        near: a curve to start from (redrawn answers are much like those that were drawn); None: three starts.

    Raises:
        DataError: levels that do not rise, or fewer than three.
    """
    from scipy.optimize import minimize

    x, share = _checked(levels, np.asarray(right) / np.asarray(trials))
    if len(x) < 3:
        raise DataError(f"a logistic needs three levels, not {len(x)}")
    size = np.asarray(trials, np.float64)
    reach = x[-1] - x[0]

    def loss(given: Floats) -> float:
        fitted = Logistic(chance, given[2], np.exp(given[1]) / reach, given[0])
        # a curve may be certain of what the answers contradict: the logarithm of 0 is no number
        p = np.clip(fitted.accuracy(x), 1e-9, 1 - 1e-9)
        return float(-np.sum(size * (share * np.log(p) + (1 - share) * np.log(1 - p))))

    # Thresholds may lie a little outside the levels, no more: beyond, every curve fits alike. The logarithm of the
    # slope, by the reach of the levels, runs from 0, nearly a straight line across them, to 6, a step.
    bounds = [(x[0] - reach, x[-1] + reach), (0.0, 6.0), (0.0, MOST_LAPSES)]
    if near is None:
        starts = [np.array([middle, 2.0, 0.02]) for middle in np.quantile(x, [0.25, 0.5, 0.75])]
    else:
        starts = [np.array([near.middle, np.log(near.slope * reach), near.lapse])]
    found = min(
        (minimize(loss, start, method="L-BFGS-B", bounds=bounds) for start in starts),
        key=lambda each: float(each.fun),
    )
    middle, log_slope, lapse = found.x
    return Logistic(chance, float(lapse), float(np.exp(log_slope) / reach), float(middle))


def thresholds(
    levels: ArrayLike,
    rows: Floats,
    right: Floats,
    targets: ArrayLike,
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> list[Threshold]:
    """Where balanced accuracy reaches each target by interpolation, with intervals over clusters.

    Args:
        levels: (n,), rising, on the scale of interpolation.
        rows, right: (clusters, classes, n), how many rows a cluster has of each class at each level, and how many are
            right.
        targets: accuracies.

    Raises:
        DataError: shapes do not fit, or a level lacks a class.
    """
    x = np.asarray(levels, np.float64)
    balanced, _ = _redrawn(x, rows, right, resamples, seed)
    found = []
    for target in np.atleast_1d(np.asarray(targets, np.float64)).tolist():
        reached = [interpolated(x, accuracies, target) for accuracies in balanced]
        found.append(_threshold(target, reached, level))
    return found


def fitted_curves(
    levels: ArrayLike, rows: Floats, right: Floats, *, resamples: int, seed: int
) -> list[Logistic]:
    """A logistic for the answers as they are, then one for each draw of whole clusters; arguments as of `thresholds`.

    Raises:
        DataError: shapes do not fit, a level lacks a class, or there are fewer than three levels.
    """
    x = np.asarray(levels, np.float64)
    balanced, trials = _redrawn(x, rows, right, resamples, seed)
    found = [fit_logistic(x, balanced[0] * trials[0], trials[0])]
    for accuracies, size in zip(balanced[1:], trials[1:], strict=True):
        found.append(fit_logistic(x, accuracies * size, size, near=found[0]))
    return found


def thresholds_of_curves(
    curves: Sequence[Logistic], levels: ArrayLike, targets: ArrayLike, level: float = 0.95
) -> list[Threshold]:
    """Where fitted curves reach each target within the levels that were tried; of `fitted_curves`."""
    x = np.asarray(levels, np.float64)
    found = []
    for target in np.atleast_1d(np.asarray(targets, np.float64)).tolist():
        reached = [_within(curve.level(target), x) for curve in curves]
        found.append(_threshold(target, reached, level))
    return found


def band(
    curves: Sequence[Logistic], x: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """The accuracy of the first curve at each x, and between what the others lie at each."""
    drawn = np.stack([curve.accuracy(x) for curve in curves[1:]])
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return curves[0].accuracy(x), low, high


def _redrawn(
    x: Floats, rows: Floats, right: Floats, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    """Balanced accuracy and rows at each level, (1 + resamples, n): row 0 is the data, the others whole clusters."""
    if rows.shape != right.shape or rows.ndim != 3 or rows.shape[2] != len(x):
        raise DataError(f"counts must be (clusters, classes, {len(x)}), not {rows.shape}")
    if (rows.sum(axis=0) == 0).any():
        raise DataError("a level has no rows of one of the classes")
    draws = cluster_draws(rows.sum(axis=2) > 0, resamples, seed)
    weights = np.vstack([np.ones(len(rows)), draws])
    total = np.einsum("dk,kcl->dcl", weights, rows)
    shares = np.einsum("dk,kcl->dcl", weights, right) / np.where(total > 0, total, np.nan)
    # a draw may lack a class at one level (never at all): the recall of the other is all that is known there
    return np.nanmean(shares, axis=1), total.sum(axis=1)


def _threshold(target: float, reached: Sequence[float], level: float) -> Threshold:
    # The next drawn value, never one between two: there is none between a level and "above the range".
    ends = np.quantile(reached[1:], [(1 - level) / 2, (1 + level) / 2], method="nearest")
    return Threshold(target, reached[0], float(ends[0]), float(ends[1]))


def _within(level: float, x: Floats) -> float:
    if level < x[0]:
        return BELOW
    return ABOVE if level > x[-1] else level


def _checked(levels: ArrayLike, accuracies: ArrayLike) -> tuple[Floats, Floats]:
    x, y = np.asarray(levels, np.float64), np.asarray(accuracies, np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2 or (np.diff(x) <= 0).any():
        raise DataError(f"thresholds need an accuracy at each of two or more rising levels: {x}")
    if not np.isfinite(y).all():
        raise DataError("accuracies must be finite")
    return x, y


def _spoken(value: float, lowest: float, highest: float) -> str:
    if value == BELOW:
        return f"below {lowest:g}"
    if value == ABOVE:
        return f"above {highest:g}"
    return f"{value:.3g}"
