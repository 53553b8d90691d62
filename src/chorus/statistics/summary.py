"""What several seeds of one configuration gave, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError


@dataclass(frozen=True)
class SeedSummary:
    """sd: of the sample (n - 1). ci_low, ci_high: t interval of the mean. With one value these three are NaN.

    The interval is about other seeds on the same test clips; what other nights or sites would give is not in it.
    """

    n: int
    mean: float
    sd: float
    ci_low: float
    ci_high: float
    min: float
    max: float


def seed_summary(
    values: Sequence[float] | NDArray[np.float64], *, level: float = 0.95
) -> SeedSummary:
    """Summarise one figure over seeds.

    Args:
        values: one a seed. level: of the two-sided interval.

    Raises:
        DataError: no values, or one that is not finite.
    """
    from scipy.special import stdtrit  # Student's t; scipy.stats would take a second to import

    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all():
        raise DataError("a summary over seeds needs at least one value, and finite ones")
    n, mean = len(given), float(given.mean())
    sd = reach = float("nan")
    if n > 1:
        sd = float(given.std(ddof=1))
        reach = float(stdtrit(n - 1, (1 + level) / 2)) * sd / np.sqrt(n)
    return SeedSummary(
        n, mean, sd, mean - reach, mean + reach, float(given.min()), float(given.max())
    )


def summary_columns(metric: str, values: NDArray[np.float64]) -> dict[str, float]:
    """METRIC__mean, __std, __low and __high of a leaderboard; NaN where one of the values is not known."""
    figures = dict.fromkeys(("mean", "std", "low", "high"), float("nan"))
    if np.isfinite(values).all():
        found = seed_summary(values)
        figures = {
            "mean": found.mean,
            "std": found.sd,
            "low": found.ci_low,
            "high": found.ci_high,
        }
    return {f"{metric}__{name}": figure for name, figure in figures.items()}


def format_summaries(summaries: Mapping[str, SeedSummary]) -> str:
    """The summaries as text, in percent: figure -> number of runs, mean, SD, 95 % CI and range.

    Raises:
        DataError: no summaries, or of different numbers of runs.
    """
    counts = {summary.n for summary in summaries.values()}
    if len(counts) != 1:
        raise DataError(
            f"summaries to show together must be of one number of runs, not {sorted(counts) or 'none'}"
        )
    blocks = [f"MULTI-SEED RESULTS SUMMARY\n{'=' * 80}\n", f"Number of runs: {counts.pop()}\n"]
    for name, summary in summaries.items():
        lines = [f"{name}:", f"  Mean: {summary.mean:.1%}"]
        if summary.n > 1:
            lines += [
                f"  SD: {summary.sd:.1%}",
                f"  95% CI: [{summary.ci_low:.1%}, {summary.ci_high:.1%}]",
            ]
        blocks.append("\n".join([*lines, f"  Range: [{summary.min:.1%}, {summary.max:.1%}]\n"]))
    return "\n".join(blocks)
