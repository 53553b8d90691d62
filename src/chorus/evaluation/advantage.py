"""Is a detector better than another method, on the same clips of the same nights?"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus.evaluation.bootstrap import RELIABLE_NIGHTS, expanded_tail, paired_metrics
from chorus.metrics import auprc

METRIC = "auprc"  # needs no threshold, so that a lucky one decides nothing


def advantage(
    labels: NDArray[np.bool_],
    scores: NDArray[np.float64],
    others: NDArray[np.float64],
    nights: NDArray[np.str_],
    *,
    resamples: int,
    seed: int,
    level: float,
) -> dict[str, Any]:
    """AUPRC of the detector less that of the other method, with an interval over nights that both see alike.

    Args:
        labels: bool (n,), of both classes. scores, others: (n,), of the detector and of the other method.
        nights: (n,), the cluster of each clip that is drawn as a whole.

    Returns:
        auprc (the difference), low, high (expanded percentiles over the resampled nights), nights (their number),
        reliable (whether positives and negatives are heard in 20 nights each: below that, intervals come out too
        narrow).

    Raises:
        DataError: all resamples lack a class.
    """
    names, night_of = np.unique(nights, return_inverse=True)
    # both methods in the same draws: what makes a night hard for both of them cancels
    of_one, of_other = paired_metrics(
        labels, (scores, others), night_of, resamples=resamples, seed=seed
    )
    # the class that fewer nights hold says how far the interval is to be trusted
    least = min(len(np.unique(night_of[which])) for which in (labels, ~labels))
    outer = expanded_tail((1 - level) / 2, least)
    low, high = np.quantile(of_one[METRIC] - of_other[METRIC], [outer, 1 - outer])
    return {
        METRIC: auprc(labels, scores) - auprc(labels, others),
        "low": float(low),
        "high": float(high),
        "nights": len(names),
        "reliable": least >= RELIABLE_NIGHTS,
    }
