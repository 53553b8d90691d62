"""Two classifiers on the same clips: McNemar's test, DeLong's test, and Holm's adjustment of several p-values.

McNemar and DeLong take every clip for an independent witness. Clips of one night are not, so where nights matter their
p-values are too small: `chorus.statistics.paired_bootstrap` is the one that counts nights and seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EXACT_BELOW = 25  # discordant pairs; from here on chi-square is close enough to the binomial


@dataclass(frozen=True)
class McNemar:
    """b: clips that only A has right. c: clips that only B has right. p: two-sided.

    statistic: the smaller of b and c (method "exact"), or chi-square with one degree of freedom ("chi-square").
    """

    b: int
    c: int
    both_right: int
    both_wrong: int
    statistic: float
    p: float
    method: str

    @property
    def cohens_g(self) -> float | None:
        """The effect size; None where A and B never disagree."""
        return cohens_g(self.b, self.c) if self.b + self.c else None


@dataclass(frozen=True)
class DeLong:
    """Areas under the ROC curve of A and B, and their difference A - B with interval and two-sided p.

    Where no clip's rank varies (say, one classifier is perfect and the other constant), the method knows no error of
    the difference: low, high and p are NaN.
    """

    auc_a: float
    auc_b: float
    difference: float
    low: float
    high: float
    p: float


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """Do A and B err equally often? Only the clips on which they disagree say anything about it.

    Exact (binomial) below 25 disagreements, else chi-square without continuity correction: the correction makes the
    test needlessly conservative (Fagerland, Lydersen & Laake 2013, doi:10.1186/1471-2288-13-91), and where chi-square
    would be rough the exact test is used anyway.

    Args:
        correct_a, correct_b: bool (n,): whether the classifier is right about each clip.

    Raises:
        DataError: not two bool lists of one length, or no clips.
    """
    a, b = np.asarray(correct_a), np.asarray(correct_b)
    are_answers = a.dtype == np.bool_ and b.dtype == np.bool_
    if not are_answers or a.ndim != 1 or a.shape != b.shape or not len(a):
        raise DataError(
            f"McNemar needs two lists of true or false of one length, not {a.dtype}{a.shape}, {b.shape}"
        )
    only_a, only_b = int(np.sum(a & ~b)), int(np.sum(~a & b))
    if only_a + only_b >= EXACT_BELOW:
        statistic, p = mcnemar_chi2(only_a, only_b)
        method = "chi-square"
    else:
        statistic, method = float(min(only_a, only_b)), "exact"
        p = mcnemar_exact(only_a, only_b)
    return McNemar(only_a, only_b, int(np.sum(a & b)), int(np.sum(~a & ~b)), statistic, p, method)


def mcnemar_exact(b: int, c: int) -> float:
    """McNemar's exact (binomial) two-sided p, whatever the number of disagreements; 1 without any.

    Args:
        b, c: clips that only A, only B has right.

    Raises:
        DataError: a negative count.
    """
    # imported late, as in all functions here: scipy.stats takes a second, and most commands ask for no p
    from scipy.stats import binomtest

    if b == c == 0:
        return 1.0
    return float(binomtest(min(b, c), _discordant(b, c)).pvalue)


def mcnemar_chi2(b: int, c: int, correction: bool = False) -> tuple[float, float]:
    """McNemar's chi-square (one degree of freedom) and its p.

    Args:
        b, c: clips that only A, only B has right. correction: Edwards' continuity correction, |b - c| - 1.

    Raises:
        DataError: a negative count, or no disagreement.
    """
    from scipy.stats import chi2

    _discordant(b, c)
    # corrected below 0 and squared, a tie would count as a difference
    statistic = max(abs(b - c) - int(correction), 0) ** 2 / (b + c)
    return float(statistic), float(chi2.sf(statistic, 1))


def cohens_g(b: int, c: int) -> float:
    """Effect size of McNemar's test: how far the share of disagreements won by one side is from one half.

    0 (even) to 0.5 (one side wins all); Cohen calls 0.05 small, 0.15 medium, 0.25 large (Statistical Power Analysis,
    1988, section 5.2).

    Raises:
        DataError: a negative count, or no disagreement.
    """
    return abs(b / _discordant(b, c) - 0.5)


def effect_in_words(g: float) -> str:
    """What Cohen calls an effect size of McNemar's test: small from 0.05, medium from 0.15, large from 0.25."""
    for bound, word in ((0.25, "large"), (0.15, "medium"), (0.05, "small")):
        if g >= bound:
            return word
    return "negligible"


def delong(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, *, level: float = 0.95
) -> DeLong:
    """Compare two areas under the ROC curve on the same clips.

    DeLong, DeLong & Clarke-Pearson 1988 (doi:10.2307/2531595), by midranks as in Sun & Xu 2014
    (doi:10.1109/LSP.2014.2337313), which takes n log n instead of n^2 steps. Ties count one half.

    Args:
        labels: bool (n,). scores_a, scores_b: (n,), finite. level: of the two-sided interval.

    Raises:
        DataError: impossible input, or fewer than two clips of a class.
    """
    from scipy.stats import norm

    truth = np.asarray(labels)
    a, b = np.asarray(scores_a, dtype=np.float64), np.asarray(scores_b, dtype=np.float64)
    if truth.dtype != np.bool_ or truth.ndim != 1 or not truth.shape == a.shape == b.shape:
        raise DataError(
            "DeLong needs labels of true or false and two lists of scores, all of one length"
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("DeLong needs finite scores")
    if truth.sum() < 2 or (~truth).sum() < 2:
        raise DataError(
            f"DeLong needs two clips of each class, not {truth.sum()} positives of {len(truth)}"
        )
    auc_a, above_a, below_a = _placements(truth, a)
    auc_b, above_b, below_b = _placements(truth, b)
    difference = auc_a - auc_b
    variance = _variance_of_mean(above_a - above_b) + _variance_of_mean(below_a - below_b)
    # rounding leaves a little variance where there is none
    if variance >= 1e-20:
        error = np.sqrt(variance)
        reach = norm.ppf((1 + level) / 2) * error
        low, high, p = difference - reach, difference + reach, 2 * norm.sf(abs(difference) / error)
    elif abs(difference) < 1e-12:  # rounding aside, the same ranks
        low, high, p = 0.0, 0.0, 1.0
    else:
        low, high, p = np.nan, np.nan, np.nan
    return DeLong(auc_a, auc_b, difference, float(low), float(high), float(p))


def _variance_of_mean(values: Floats) -> float:
    return float(np.var(values, ddof=1)) / len(values)


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Adjust p-values so that the chance of any false positive among them stays at the level (Holm 1979).

    Returns:
        (n,), in the order given.

    Raises:
        DataError: a p-value is not from 0 to 1.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not ((p >= 0) & (p <= 1)).all():
        raise DataError("p-values to adjust must be from 0 to 1")
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    # a larger p may be multiplied by less, but does not end up below a smaller one
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted


def _discordant(b: int, c: int) -> int:
    if b < 0 or c < 0 or b + c == 0:
        raise DataError(f"disagreements must be counts, and at least one, not {b} and {c}")
    return b + c


def _placements(truth: Bools, scores: Floats) -> tuple[float, Floats, Floats]:
    """The area, each positive's share of negatives below it, and each negative's share of positives above it."""
    from scipy.stats import rankdata

    # a rank among all less that in the own class is how many of the other class lie below, ties by half
    positives, negatives = scores[truth], scores[~truth]
    ranks = rankdata(np.concatenate([positives, negatives]))
    above = (ranks[: len(positives)] - rankdata(positives)) / len(negatives)
    below = 1 - (ranks[len(positives) :] - rankdata(negatives)) / len(positives)
    return float(above.mean()), above, below
