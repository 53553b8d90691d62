"""The distribution of scores that the user names: how often each score will occur where the model is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chorus.errors import DataError, ParameterError
from chorus.metrics.scores import bins, shares

UNIFORM = dict.fromkeys(range(11), 1 / 11)


def shares_of(target: Any, scores: ArrayLike) -> dict[int, float]:
    """Share of each bin of scores.

    Args:
        target: "uniform" over 0 to 10, "training" (as `scores`), or counts or shares by score ({0: 300, 9: 800}).

    Raises:
        ParameterError: it is none of these.
    """
    if target == "uniform":
        return dict(UNIFORM)
    if target == "training":
        places, counts = np.unique(bins(scores), return_counts=True)
        return shares(dict(zip(places.tolist(), counts.tolist(), strict=True)))
    if not isinstance(target, Mapping):
        raise ParameterError(
            f"evaluate.target: {target!r} is not allowed: uniform, training, or shares by score"
        )
    try:
        given = {float(score): float(share) for score, share in target.items()}
        if not all(0 <= score <= 10 for score in given):
            raise DataError("scores are from 0 to 10")
        return shares(given)
    except (TypeError, ValueError, DataError) as error:
        raise ParameterError(f"evaluate.target: {dict(target)!r} is not allowed: {error}") from None
