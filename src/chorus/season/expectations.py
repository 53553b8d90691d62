"""From errors on test clips to errors a night: expected false positives and misses, with intervals.

A detector's false positives a night are the night's negative clips times the *false-positive rate*:
the share of negative clips that are called positive. They are not the negatives times 1 -
precision, which is the share of *detections* that are wrong, and depends on how many positives
there happen to be: on a test set with as many calls as non-calls it says little of a night with
twenty calls in nine thousand clips. Likewise the misses are the calls times 1 - recall.

Clips of one night err together, so that a rate is known only as well as there are nights:
`clustered_rate` takes its interval from the spread between nights. And they are missed together, so
that twenty calls are not twenty chances: `chance_missed` takes a correlation within nights.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError, ParameterError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """What a detector did on a test set, in clips. The counts are whole where precision and recall were not rounded."""

    true_positives: float
    false_positives: float
    positives: int
    negatives: int

    @property
    def recall(self) -> float:
        """The share of positives that are detected."""
        return self.true_positives / self.positives

    @property
    def false_positive_rate(self) -> float:
        """The share of negatives that are called positive."""
        return self.false_positives / self.negatives


@dataclass(frozen=True)
class Rate:
    """A share of clips, known from several nights.

    low, high: interval over other nights. nights: how many there are. design_effect: how much wider
    the squared interval is than if clips were independent, 1 at least.
    """

    rate: float
    low: float
    high: float
    nights: int
    design_effect: float


@dataclass(frozen=True)
class Expected:
    """An expected number of clips, with the interval that the rate's own uncertainty gives it."""

    mean: float
    low: float
    high: float


def counts_at(precision: float, recall: float, positives: int, negatives: int) -> Counts:
    """The counts behind a precision and a recall on a test set of known size.

    Raises:
        ParameterError: a share outside [0, 1], a precision of 0, or no clips of a class.
        DataError: more false positives than there are negatives: the figures are not of this test
        set.
    """
    for name, share in (("precision", precision), ("recall", recall)):
        if not 0 <= share <= 1:
            raise ParameterError(f"{name}: {share} is not allowed: from 0 to 1")
    if precision == 0:
        raise ParameterError(
            "precision: 0 is not allowed: it does not tell how many detections are wrong"
        )
    if positives < 1 or negatives < 1:
        raise ParameterError(
            f"positives: {positives}, negatives: {negatives} are not allowed: at least 1 of each"
        )
    # Published figures are rounded: half a clip more than there are is the rounding.
    true_positives = recall * positives
    false_positives = true_positives * (1 / precision - 1)
    if false_positives > negatives + 0.5:
        raise DataError(
            f"precision {precision} and recall {recall} would need {false_positives:.0f} false positives, "
            f"but there are {negatives} negatives"
        )
    return Counts(true_positives, min(false_positives, float(negatives)), positives, negatives)


def clustered_rate(hits: ArrayLike, clips: ArrayLike, *, level: float = 0.95) -> Rate:
    """A rate over nights, with an interval that counts nights and not clips.

    The ratio of sums, its variance from the spread of nights about it (linearised: Cochran,
    Sampling Techniques, 1977, section 6.3), never below that of independent clips; Student's t with
    nights - 1 degrees of freedom on the scale of log odds, which keeps it between 0 and 1. Without
    a hit, or with nothing but hits, nights show no spread: then the interval is that of nights that
    are all hit or not at all (Clopper and Pearson, one-sided), which is wide on purpose.

    Args:
        hits, clips: (nights,): of each night, how many clips were hit, of how many. Nights without
            clips do not count.

    Raises:
        DataError: counts that cannot be, or fewer than two nights with clips.
    """
    from scipy.special import stdtrit

    hit, of = _counts(hits, clips)
    nights, total = len(of), float(of.sum())
    rate = float(hit.sum()) / total
    tail = (1 - level) / 2
    # No spread between nights to be seen, and log odds without end: nights are counted, each hit or not at all.
    if rate in (0.0, 1.0):
        reach = 1 - tail ** (1 / nights)
        low, high = (0.0, reach) if rate == 0 else (1 - reach, 1.0)
        return Rate(rate, low, high, nights, total / nights)
    # Nights that happen to be alike are no better known than independent clips: the design effect is 1 at least.
    independent = rate * (1 - rate) / total
    between = float(np.sum((hit - rate * of) ** 2)) * nights / (nights - 1) / total**2
    design_effect = max(between / independent, 1.0)
    # The error of a rate becomes that of its log odds by their slope, 1 / (rate (1 - rate)).
    error = math.sqrt(independent * design_effect) / (rate * (1 - rate))
    reach = float(stdtrit(nights - 1, 1 - tail)) * error
    odds = math.log(rate / (1 - rate))
    low, high = (1 / (1 + math.exp(-(odds + side * reach))) for side in (-1, 1))
    return Rate(rate, low, high, nights, design_effect)


def independent_rate(hits: float, clips: int, *, level: float = 0.95) -> Rate:
    """A rate with the interval that it would have if each clip were a night of its own (Clopper and Pearson).

    For published figures, which tell nothing of nights: the true interval is wider, by how much
    nobody can say.

    Args:
        hits: may be fractional, where it comes from rounded shares.

    Raises:
        DataError: counts that cannot be.
    """
    from scipy.special import betaincinv

    if clips < 1 or not 0 <= hits <= clips:
        raise DataError(f"a rate needs counts, with no more hits than clips, not {hits} of {clips}")
    tail = (1 - level) / 2
    low = float(betaincinv(hits, clips - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, clips - hits, 1 - tail)) if hits < clips else 1.0
    return Rate(hits / clips, low, high, clips, 1.0)


def intra_night_correlation(hits: ArrayLike, clips: ArrayLike) -> float:
    """How alike clips of a night are in being hit or not: 0 for independent clips, 1 where a night is all or nothing.

    The estimator from a one-way analysis of variance (Donner 1986, doi:10.2307/1403259); negative
    estimates are 0.

    Raises:
        DataError: counts that cannot be, or fewer than two nights with clips, or no night with two.
    """
    hit, of = _counts(hits, clips)
    nights, total = len(of), float(of.sum())
    if total <= nights:
        raise DataError("a correlation within nights needs a night with two clips")
    # `size` is the mean number of clips of a night, less for their unequal numbers (Donner 1986).
    rate = float(hit.sum()) / total
    share = hit / of
    between = float(np.sum(of * (share - rate) ** 2)) / (nights - 1)
    within = float(np.sum(of * share * (1 - share))) / (total - nights)
    size = (total - float(np.sum(of**2)) / total) / (nights - 1)
    spread = between + (size - 1) * within
    return max((between - within) / spread, 0.0) if spread > 0 else 0.0


def expected_count(rate: Rate, clips: float) -> Expected:
    """How many of so many clips are hit: false positives of negatives at the false-positive rate, misses of calls.

    Raises:
        ParameterError: a negative number of clips.
    """
    if not clips >= 0:
        raise ParameterError(f"clips: {clips} is not allowed: 0 or more")
    return Expected(clips * rate.rate, clips * rate.low, clips * rate.high)


def night_range(
    rate: float, clips: int, correlation: float, *, level: float = 0.95
) -> tuple[int, int]:
    """Between which counts most single nights lie: a beta-binomial with this rate and correlation within nights.

    Raises:
        ParameterError: a rate outside [0, 1], a correlation outside [0, 1), or negative clips.
    """
    from scipy.stats import betabinom, binom

    _check_share(rate, correlation)
    if clips < 0:
        raise ParameterError(f"clips: {clips} is not allowed: 0 or more")
    # A rate that is certain has no spread over nights, and no beta distribution either.
    if rate in (0.0, 1.0) or clips == 0:
        return int(rate * clips), int(rate * clips)
    a, b = _shape(rate, correlation)
    spread = binom(clips, rate) if correlation == 0 else betabinom(clips, a, b)
    low, high = spread.ppf([(1 - level) / 2, (1 + level) / 2])
    return int(low), int(high)


def chance_missed(recall: float, calls: int, correlation: float = 0.0) -> float:
    """The chance that every call of a night is missed, where calls of a night are missed together to some degree.

    With independent calls it is (1 - recall)^calls; the more alike they are, the less do many calls
    help. (A beta-binomial: each night has a recall of its own, whose spread the correlation gives.)

    Raises:
        ParameterError: a recall outside [0, 1], a correlation outside [0, 1), or negative calls.
    """
    from scipy.special import betaln

    _check_share(1 - recall, correlation)
    if calls < 0:
        raise ParameterError(f"calls: {calls} is not allowed: 0 or more")
    # A certain recall has no spread, and no correlation is the binomial: neither has a beta distribution.
    if recall in (0.0, 1.0) or correlation == 0:
        return (1 - recall) ** calls
    # By logarithms: with hundreds of calls the two beta functions may be smaller than any number.
    a, b = _shape(recall, correlation)
    return math.exp(float(betaln(a, b + calls) - betaln(a, b)))


def precision_in_field(
    recall: float, false_positive_rate: float, calls: float, negatives: float
) -> float:
    """The share of a night's detections that are right; NaN where none are expected."""
    right, wrong = calls * recall, negatives * false_positive_rate
    return right / (right + wrong) if right + wrong > 0 else float("nan")


def _shape(rate: float, correlation: float) -> tuple[float, float]:
    """The beta distribution with this mean whose draws make clips of a night this alike."""
    if correlation == 0:
        return math.inf, math.inf
    size = 1 / correlation - 1
    return rate * size, (1 - rate) * size


def _check_share(rate: float, correlation: float) -> None:
    if not 0 <= rate <= 1 or not 0 <= correlation < 1:
        raise ParameterError(
            f"rate: {rate}, correlation: {correlation} are not allowed: from 0 to 1, and below 1"
        )


def _counts(hits: ArrayLike, clips: ArrayLike) -> tuple[Floats, Floats]:
    hit, of = (np.asarray(values, dtype=np.float64) for values in (hits, clips))
    if hit.ndim != 1 or hit.shape != of.shape:
        raise DataError(
            f"a rate over nights needs two lists of one length, not {hit.shape} and {of.shape}"
        )
    if not (np.isfinite(of).all() and (hit >= 0).all() and (hit <= of).all()):
        raise DataError(
            "a rate over nights needs counts, with no more hits than clips in any night"
        )
    # One night shows no spread between nights, however many clips it has.
    used = of > 0
    if used.sum() < 2:
        raise DataError(f"a rate over nights needs two nights with clips, not {int(used.sum())}")
    return hit[used], of[used]
