"""What a given number of seeds can find at all."""

from __future__ import annotations

import math

from chorus.errors import DataError, ParameterError


def minimal_detectable_difference(
    sd: float, seeds: int, *, power: float = 0.8, alpha: float = 0.05
) -> float:
    """The true difference that a two-sided paired t test over the seeds finds with this chance.

    With three seeds it is 3.3 standard deviations, with five 1.7, with ten 1.0: two more seeds halve it.

    Args:
        sd: of the difference between two configurations from seed to seed.

    Raises:
        DataError: a standard deviation that is negative or not finite.
        ParameterError: fewer than two seeds; or a power or alpha outside (0, 1), or a power not above alpha.
    """
    from scipy.optimize import brentq
    from scipy.stats import f, ncf

    if not math.isfinite(sd) or sd < 0:
        raise DataError(f"standard deviation: {sd} is not allowed: a number from 0 on")
    if seeds < 2:
        raise ParameterError(f"seeds: {seeds} is not allowed: at least 2")
    if not 0 < alpha < power < 1:
        raise ParameterError(
            f"power: {power}, alpha: {alpha} are not allowed: 0 < alpha < power < 1"
        )
    # the square of the two-sided critical t: one tail of F holds both tails of t
    critical = f.ppf(1 - alpha, 1, seeds - 1)

    def excess(effect: float) -> float:
        return float(ncf.sf(critical, 1, seeds - 1, seeds * effect**2)) - power

    # the search needs an end at which the difference is found often enough
    largest = 1.0
    while excess(largest) < 0:
        largest *= 2
    return sd * float(brentq(excess, 1e-6, largest))


def smallest_sign_flip_p(seeds: int) -> float:
    """The smallest two-sided p that flipping the signs of one difference a seed can give: with 3 seeds 0.25.

    Raises:
        ParameterError: no seeds.
    """
    if seeds < 1:
        raise ParameterError(f"seeds: {seeds} is not allowed: at least 1")
    return float(2.0 ** (1 - seeds))
