"""Student's interval for a mean whose variance is known from samples only."""

from __future__ import annotations

import math


def student(mean: float, *variances: tuple[float, int], level: float) -> tuple[float, float, float]:
    """Low, high and two-sided p of a mean whose variance is a sum of parts, each (variance, degrees of freedom).

    With several parts the critical value is Cochran's (1964, doi:10.2307/2527966): the mean of those of the parts,
    weighted by their variances. Satterthwaite's degrees of freedom, which are more usual, were seen to give intervals
    that cover 92 % only where a part with two degrees of freedom is the largest; Cochran's are never too narrow.

    Without any variance the interval is the mean alone, and p is 1 for a mean of 0, else 0.
    """
    from scipy.optimize import brentq
    from scipy.special import stdtr, stdtrit

    total = sum(variance for variance, _ in variances)
    # rounding aside, zero: every resample and every seed gives this very difference
    if total < 1e-20:
        return mean, mean, float(abs(mean) < 1e-12)
    error = math.sqrt(total)

    def critical(p: float) -> float:
        parts = [share / total * -float(stdtrit(freedom, p / 2)) for share, freedom in variances]
        return sum(parts)

    reach = critical(1 - level) * error
    seen = abs(mean) / error
    # the smallest p that is told from 0: at p = 0 the critical value is infinite
    least = 1e-100
    if len(variances) == 1:
        p = float(2 * stdtr(variances[0][1], -seen))
    elif critical(least) <= seen:
        p = 0.0
    else:
        # no formula turns Cochran's value around; on the scale of logarithms the search reaches the smallest p, too
        p = math.exp(brentq(lambda log: critical(math.exp(log)) - seen, math.log(least), 0.0))
    return mean - reach, mean + reach, p
