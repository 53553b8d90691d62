"""How well will it do where scores are distributed otherwise? RMSE under a stated distribution, and its forecast.

What is assumed: where a score is as it is, records are as they were (label shift); only how often each score occurs
differs. Each bin's mean squared error then stays, and counts by the share of the bin.

* A bin with few records says little by itself. It borrows from its neighbours, as if it had a few records of theirs,
  moved by the slope of prediction on score. In a bin with many that does not matter.
* Uncertainty is a Bayesian bootstrap (Rubin 1981, doi:10.1214/aos/1176345338) over texts, or whatever else was drawn:
  no bin is ever empty in it. It is too narrow for few units by a known factor, which is put right.
* A mean of models does better than they do each, by what they disagree on (Krogh & Vedelsby 1995): that can be seen on
  records without scores, and is taken off.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError
from chorus.metrics.scores import bins, squared_errors
from chorus.seeds import generator

Floats = NDArray[np.float64]
BORROWED = 3.0  # records' worth that a neighbouring bin lends at most, times its share:
NEAR = {1: 0.5, 2: 0.25}  # by its distance
_SLOPE_RECORDS = 10.0  # of a bin that count for the slope at most


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, eq=False)
class _Errors:
    """Mean squared error of each bin of the target, (bins,), draws of it, (resamples, bins), and the variance of a
    record's squared error in it."""

    means: Floats
    draws: Floats
    variances: Floats


def rmse_under(
    target: Mapping[int, float],
    scores: ArrayLike,
    predictions: ArrayLike,
    units: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """RMSE if the bins of scores had these shares.

    Args:
        target: share of each bin (`chorus.metrics.scores.shares`).
        scores, predictions: (n,), of records that the models neither learned from nor were chosen by.
        units: (n,), what was drawn: the text of each record.

    Raises:
        DataError: no records, or a bin of the target with no record within two of it.
    """
    mean, draws = _under(target, scores, predictions, units, resamples, seed)
    return _estimate(mean, draws, level)


def expected_rmse(target: Mapping[int, float], scores: ArrayLike, predictions: ArrayLike) -> float:
    """The figure of `rmse_under` without its interval, fast enough for each epoch of a training.

    Bins without a record within two of them are left out, and the others' shares raised alike.

    Raises:
        DataError: that is all of them.
    """
    squared_errors(scores, predictions)  # refuses what is no scores
    truth, given = np.asarray(scores, np.float64), np.asarray(predictions, np.float64)
    lent, moved = _as_if(list(target), truth, given)
    total, shares = lent.sum(axis=0), np.array(list(target.values()))
    known = (total > 0) & (shares > 0)
    if not known.any():
        raise DataError("no record has a score near one of the target distribution")
    means = (lent * moved).sum(axis=0)[known] / total[known]
    return math.sqrt(float(np.average(means, weights=shares[known])))


def difference_under(
    target: Mapping[int, float],
    scores: ArrayLike,
    predictions: tuple[ArrayLike, ArrayLike],
    units: ArrayLike,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """RMSE of the first less that of the second, on the same resamples; see `rmse_under`."""
    (mean_a, draws_a), (mean_b, draws_b) = (
        _under(target, scores, given, units, resamples, seed) for given in predictions
    )
    differences = np.sqrt(draws_a) - np.sqrt(draws_b)
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(math.sqrt(mean_a) - math.sqrt(mean_b), float(low), float(high))


def forecast(
    target: Mapping[int, float],
    scores: ArrayLike,
    predictions: ArrayLike,
    units: ArrayLike,
    *,
    size: int,
    disagreement: float = 0.0,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """The RMSE to expect on a set that is yet to be judged, and an interval for it: also its own draw is chance.

    Args:
        target: the distribution of its scores, as stated. Others: see `rmse_under`.
        size: units (texts) in that set.
        disagreement: mean over its records of the variance of the predictions whose mean is judged; 0: of one model.
    """
    found = _errors(target, scores, predictions, units, resamples, seed)
    shares = np.array(list(target.values()))
    chance = math.sqrt(
        float(shares @ found.variances + shares @ (found.means - shares @ found.means) ** 2) / size
    )
    noise = chance * generator(seed, "forecast", "set").standard_normal(resamples)
    # what models disagree on may exceed their error in a draw, and there is no root of less than 0
    least = 1e-9
    draws = np.maximum(found.draws @ shares + noise - disagreement, least)
    return _estimate(max(float(found.means @ shares) - disagreement, least), draws, level)


def disagreement(members: Floats) -> float:
    """Mean over records of the variance over models: of predictions (models, n)."""
    return float(np.mean(np.var(members, axis=0)))


def _under(
    target: Mapping[int, float],
    scores: ArrayLike,
    predictions: ArrayLike,
    units: ArrayLike,
    resamples: int,
    seed: int,
) -> tuple[float, Floats]:
    found = _errors(target, scores, predictions, units, resamples, seed)
    shares = np.array(list(target.values()))
    return float(found.means @ shares), np.maximum(found.draws @ shares, 1e-9)


def _errors(
    target: Mapping[int, float],
    scores: ArrayLike,
    predictions: ArrayLike,
    units: ArrayLike,
    resamples: int,
    seed: int,
) -> _Errors:
    squared_errors(scores, predictions)  # refuses what is no scores
    truth, given = np.asarray(scores, np.float64), np.asarray(predictions, np.float64)
    _, unit = np.unique(np.asarray(units), return_inverse=True)
    lent, moved = _as_if(list(target), truth, given)
    mass = np.zeros((unit.max() + 1, len(target)))
    errors, squares = mass.copy(), mass.copy()
    np.add.at(mass, unit, lent)
    np.add.at(errors, unit, lent * moved)
    np.add.at(squares, unit, lent * moved**2)
    total = mass.sum(axis=0)
    if not (total > 0).all():
        place = list(target)[int(np.argmin(total))]
        raise DataError(
            f"no record has a score within two of {place}: nothing can be said of such scores"
        )
    means = errors.sum(axis=0) / total
    # weights of a Bayesian bootstrap are never 0, so that no draw empties a bin
    weights = generator(seed, "reweighting").exponential(size=(resamples, len(mass)))
    draws = (weights @ errors) / (weights @ mass)
    # the variance of a Bayesian bootstrap over n units is (n - 1) / (n + 1) of what it should be; n is Kish's effective
    # size, as a unit that holds many of the records counts for no more than itself
    effective = total**2 / (mass**2).sum(axis=0)
    # a single unit has no spread to widen, and half of one keeps the factor finite
    wider = np.sqrt((effective + 1) / np.maximum(effective - 1, 0.5))
    draws = np.maximum(means + wider * (draws - means), 0.0)
    return _Errors(means, draws, np.maximum(squares.sum(axis=0) / total - means**2, 0.0))


def _as_if(target: list[int], truth: Floats, given: Floats) -> tuple[Floats, Floats]:
    """How much each record counts for each bin, and its squared error there: (n, bins) each."""
    own = bins(truth)
    # from 0 on, because bincount knows no bins below it
    counts = np.bincount(own - own.min())[own - own.min()].astype(np.float64)
    slope = _slope(truth, given, np.minimum(counts, _SLOPE_RECORDS) / counts)
    lent, moved = np.zeros((len(truth), len(target))), np.zeros((len(truth), len(target)))
    for column, place in enumerate(target):
        distance = np.abs(own - place)
        for away, share in NEAR.items():
            lent[distance == away, column] = (
                share * (np.minimum(counts, BORROWED) / counts)[distance == away]
            )
        lent[distance == 0, column] = 1.0
        moved[:, column] = (given + slope * (place - own) - place) ** 2
        # in its own bin a record stays where it is: a score of 9.5 is not made one of 10
        moved[distance == 0, column] = ((given - truth) ** 2)[distance == 0]
    return lent, moved


def _slope(truth: Floats, given: Floats, weights: Floats) -> float:
    """Of the prediction on the score, by weighted least squares; 0 where all scores are equal."""
    centred = truth - np.average(truth, weights=weights)
    spread = float(np.sum(weights * centred**2))
    return float(np.sum(weights * centred * given)) / spread if spread > 0 else 0.0


def _estimate(mean: float, draws: Floats, level: float) -> Estimate:
    low, high = np.quantile(np.sqrt(draws), [(1 - level) / 2, (1 + level) / 2])
    return Estimate(math.sqrt(mean), float(low), float(high))
