"""The detector in the field: what its errors on test clips mean for a night of recordings."""

from chorus.season.expectations import (
    Counts,
    Expected,
    Rate,
    chance_missed,
    clustered_rate,
    counts_at,
    expected_count,
    independent_rate,
    intra_night_correlation,
    night_range,
    precision_in_field,
)
from chorus.season.nights import ErrorRates, NightCounts, error_rates, night_counts, read_scores
from chorus.season.presence import Presence, presence

__all__ = [
    "Counts",
    "ErrorRates",
    "Expected",
    "NightCounts",
    "Presence",
    "Rate",
    "chance_missed",
    "clustered_rate",
    "counts_at",
    "error_rates",
    "expected_count",
    "independent_rate",
    "intra_night_correlation",
    "night_counts",
    "night_range",
    "precision_in_field",
    "presence",
    "read_scores",
]
