"""Predicted scores by bin, under a stated distribution of scores, and with their predicted variance.

Pure functions of lists (n,). A score's bin is the whole number nearest to it, halves upwards: 9.5 is among the tens.
Errors are those of `chorus.metrics.regression.rmse`, where no other is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError
from chorus.metrics.regression import rmse

Floats = NDArray[np.float64]


def bias(scores: ArrayLike, predictions: ArrayLike) -> float:
    """Mean of prediction less score."""
    rmse(scores, predictions)  # refuses what is no scores
    return float(np.mean(np.asarray(predictions) - np.asarray(scores)))


def squared_errors(scores: ArrayLike, predictions: ArrayLike) -> Floats:
    """Of each record, (n,)."""
    rmse(scores, predictions)  # refuses what is no scores
    return (np.asarray(predictions, dtype=np.float64) - np.asarray(scores, dtype=np.float64)) ** 2


def bins(scores: ArrayLike) -> NDArray[np.int64]:
    """The bin of each score, (n,)."""
    # not np.round, which takes halves to the even neighbour: 8.5 would be an eight and 9.5 a ten
    return np.floor(np.asarray(scores, dtype=np.float64) + 0.5).astype(np.int64)


def rmse_by(
    groups: ArrayLike, scores: ArrayLike, predictions: ArrayLike
) -> dict[str, dict[str, float]]:
    """RMSE, bias and number of records of each group, by its name in order."""
    truth, given, names = np.asarray(scores), np.asarray(predictions), np.asarray(groups)
    found = {}
    for name in np.unique(names):
        own = names == name
        errors = {"rmse": rmse(truth[own], given[own]), "bias": bias(truth[own], given[own])}
        found[str(name)] = errors | {"records": int(own.sum())}
    return found


def shares(target: Mapping[float, float]) -> dict[int, float]:
    """A distribution over bins that adds up to 1, from counts or shares of scores. Bins without a share are left out.

    Raises:
        DataError: a share is negative or no number, or all are 0.
    """
    found: dict[int, float] = {}
    for score, share in target.items():
        if not math.isfinite(share) or share < 0:
            raise DataError(f"the share of score {score:g} must be a number from 0 on, not {share}")
        # of a score that never occurs nothing needs to be known
        if share == 0:
            continue
        place = int(bins([float(score)])[0])
        found[place] = found.get(place, 0.0) + share
    if (total := sum(found.values())) <= 0:
        raise DataError("a distribution of scores needs a share above 0")
    return {place: found[place] / total for place in sorted(found)}


def reweighted_rmse(
    scores: ArrayLike, predictions: ArrayLike, target: Mapping[int, float]
) -> float:
    """RMSE if the bins had these shares (`shares`): each bin's mean squared error by its share.

    Bins without a record are left out, and the others' shares raised alike.

    Raises:
        DataError: no record is of a bin with a share.
    """
    errors, places = squared_errors(scores, predictions), bins(scores)
    present = {
        place: share for place, share in target.items() if share > 0 and (places == place).any()
    }
    if not present:
        raise DataError("no record has a score of the target distribution")
    total = sum(share * float(errors[places == place].mean()) for place, share in present.items())
    return math.sqrt(total / sum(present.values()))


def interval_coverage(
    scores: ArrayLike, predictions: ArrayLike, variances: ArrayLike, level: float
) -> float:
    """Share of scores inside the central interval of a normal distribution with predicted mean and variance.

    Raises:
        DataError: a variance is not above 0, or the level not between 0 and 1.
    """
    # imported late: most of what uses these figures asks for no coverage
    from scipy.special import ndtri

    errors, spread = squared_errors(scores, predictions), np.asarray(variances, dtype=np.float64)
    if spread.shape != errors.shape or not (spread > 0).all() or not 0 < level < 1:
        raise DataError(
            "coverage needs a variance above 0 for each score, and a level between 0 and 1"
        )
    reach = float(ndtri((1 + level) / 2))
    return float(np.mean(errors <= reach**2 * spread))


def gaussian_nll(scores: ArrayLike, predictions: ArrayLike, variances: ArrayLike) -> float:
    """Mean of 0.5 (log s2 + (y - m)^2 / s2 + log 2 pi), in nats; errors as for `interval_coverage`."""
    errors, spread = squared_errors(scores, predictions), np.asarray(variances, dtype=np.float64)
    if spread.shape != errors.shape or not (spread > 0).all():
        raise DataError("the likelihood needs a variance above 0 for each score")
    return float(np.mean(0.5 * (np.log(spread) + errors / spread + math.log(2 * math.pi))))


def variance_scale(scores: ArrayLike, predictions: ArrayLike, variances: ArrayLike) -> float:
    """What predicted variances are to be multiplied by so that they fit these errors best (maximum likelihood).

    It is the mean of squared error over variance: the counterpart of temperature scaling for a regression (Levi et al.
    2022, doi:10.3390/s22155540). Fit it on records that neither the model learned from nor the figures are of.
    """
    errors = squared_errors(scores, predictions)
    return float(np.mean(errors / np.asarray(variances, dtype=np.float64)))
