"""What a season says at several thresholds: counts, errors, presence, and the time that listening takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from chorus.season.expectations import chance_missed, expected_count
from chorus.season.gather import Heard, nightly_counts
from chorus.season.nights import ErrorRates, error_rates, night_counts
from chorus.season.presence import Presence, presence

CALLS = (1, 5, 20, 100)


@dataclass(frozen=True)
class Certainty:
    """The chance to notice a night with so many windows with a call: dependent as measured, and as if independent."""

    calls: int
    chance: float
    independent: float


@dataclass(frozen=True)
class AtThreshold:
    """A season at one threshold.

    nights: those of `Presence`, with false and missed (expected, from the measured rates), each with _low and _high.
    minutes: to listen to all positive windows once.
    """

    threshold: float
    measured: ErrorRates
    found: Presence
    nights: pd.DataFrame
    minutes: float
    certainty: Sequence[Certainty]


def at_threshold(
    heard: Heard,
    scored: pd.DataFrame,
    threshold: float,
    *,
    occupied: float = 0.5,
    window_seconds: float = 3.0,
    seed: int = 1,
) -> AtThreshold:
    """A season at one threshold.

    Args:
        scored: labelled clips with label, score, night, of which the error rates are known (`read_scores`).

    Raises:
        ParameterError, DataError: as `presence`, `error_rates` and `nightly_counts`.
    """
    counts = nightly_counts(heard, threshold)
    measured = error_rates(scored, threshold)
    found = presence(
        counts,
        night_counts(scored, threshold),
        occupied=occupied,
        window_seconds=window_seconds,
        seed=seed,
    )
    return AtThreshold(
        threshold,
        measured,
        found,
        _with_expected(found.nights, measured),
        float(counts["positive"].sum()) * window_seconds / 60,
        [_certainty(measured, calls) for calls in CALLS],
    )


def levels(heard: Heard, around: float, steps: Iterable[float]) -> list[float]:
    """Thresholds about one, evenly apart in log odds; only those that the kept scores allow."""
    # In log odds, where a step means the same at every threshold; the chosen one itself comes back digit by digit.
    centre = float(np.clip(around, 1e-6, 1 - 1e-6))
    found = [around if step == 0 else float(expit(logit(centre) + step)) for step in steps]
    return [threshold for threshold in found if threshold >= heard.least]


def _with_expected(nights: pd.DataFrame, measured: ErrorRates) -> pd.DataFrame:
    # False positives come from windows without a call: on a loud night there are few to be wrong about.
    quiet = nights["windows"] - nights["calls"]
    columns = {}
    for name, rate, of in (
        ("false", measured.false_positives, quiet),
        ("missed", measured.misses, nights["calls"]),
    ):
        expected = [expected_count(rate, float(clips)) for clips in of]
        columns[name] = [one.mean for one in expected]
        columns[f"{name}_low"] = [one.low for one in expected]
        columns[f"{name}_high"] = [one.high for one in expected]
    return nights.assign(**columns)


def _certainty(measured: ErrorRates, calls: int) -> Certainty:
    # At a correlation of 1 all calls of a night are one, which has no beta distribution.
    alike = min(measured.correlation_of_misses, 0.99)
    chances = [
        1 - chance_missed(measured.recall, calls, correlation) for correlation in (alike, 0.0)
    ]
    return Certainty(calls, *chances)
