"""How sure we are: intervals from resampling whole nights.

Clips of one night share a recorder, a weather and the same few frogs; they err together. Resampling clips would count
each as independent evidence and give intervals that are far too narrow. So whole nights are drawn with replacement
(the cluster bootstrap: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8), and the interval
runs between percentiles of the redrawn figures. With few nights, no bootstrap is to be trusted: it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError, ParameterError
from chorus.seeds import generator

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

METRICS = ("precision", "recall", "f1", "auroc", "auprc")
RELIABLE_NIGHTS = 20
_CELLS_AT_ONCE = 500_000  # resamples x clips in one piece of work: 4 MB an array, which stays in the cache


@dataclass(frozen=True)
class Interval:
    """Where a figure would lie if other nights had been recorded.

    low, high: percentiles of the resampled figures.
    nights: how many nights there are to draw from.
    reliable: False if fewer than 20 nights hold positives, or fewer than 20 hold negatives: then the interval is
        likely too narrow.
    dropped: resamples left out because they lacked a class, which leaves most figures undefined.
    """

    low: float
    high: float
    nights: int
    reliable: bool
    dropped: int


def night_bootstrap(
    labels: Bools,
    scores: Floats,
    nights: Sequence[str] | NDArray[np.str_],
    threshold: float,
    *,
    resamples: int,
    seed: int,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Percentile intervals of precision, recall, f1 (at the threshold), auroc and auprc by resampling whole nights.

    The draw depends on the seed and the number of nights alone, so that two models judged on the same nights see the
    same resamples.

    Args:
        labels: bool (n,). scores: (n,). nights: (n,), recorder and night of each clip as one string.
        level: of the two-sided interval.

    Raises:
        DataError: lengths differ, a score is not finite, or a class is missing (in the data or in all resamples).
        ParameterError: no resamples, or a level outside (0, 1).
    """
    if resamples < 1:
        raise ParameterError(f"resamples: {resamples} is not allowed: at least 1")
    if not 0 < level < 1:
        raise ParameterError(f"level: {level} is not allowed: between 0 and 1")
    names, night_of = np.unique(np.asarray(nights, dtype=str), return_inverse=True)
    _check(labels, scores, night_of)
    positives, negatives = (np.bincount(night_of[which], minlength=len(names)) for which in (labels, ~labels))
    draws = draw_nights(len(names), resamples, seed)
    draws = draws[(draws @ positives > 0) & (draws @ negatives > 0)]
    if not len(draws):
        raise DataError(f"all {resamples} resamples of {len(names)} nights lack a class: nothing can be said from them")
    outer = [(1 - level) / 2, (1 + level) / 2]
    reliable = min(np.count_nonzero(positives), np.count_nonzero(negatives)) >= RELIABLE_NIGHTS
    intervals = {}
    for metric, values in resampled_metrics(labels, scores, night_of, draws, threshold).items():
        low, high = np.quantile(values, outer)
        intervals[metric] = Interval(float(low), float(high), len(names), bool(reliable), resamples - len(draws))
    return intervals


def draw_nights(nights: int, resamples: int, seed: int) -> Ints:
    """How often each night is drawn in each resample: (resamples, nights), every row sums to `nights`."""
    return generator(seed, "night bootstrap").multinomial(nights, np.full(nights, 1 / nights), size=resamples)


def resampled_metrics(
    labels: Bools, scores: Floats, night_of: Ints, draws: Ints, threshold: float
) -> dict[str, Floats]:
    """Each of `METRICS` in each resample: a clip counts as often as its night was drawn.

    With no detections precision is 0, as in `chorus.metrics`. Scores are sorted once for all resamples.

    Args:
        night_of: (n,), each clip's column in `draws`. draws: (resamples, nights), every row with both classes.

    Returns:
        metric -> (resamples,).
    """
    order = np.argsort(-scores, kind="stable")
    truth, night_of, ranked = labels[order], night_of[order], scores[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    detected = int(np.count_nonzero(ranked >= threshold))
    step = max(1, _CELLS_AT_ONCE // len(ranked))
    pieces = [
        _metrics(draws[start : start + step, night_of].astype(np.float64), truth, last_of_tie, detected)
        for start in range(0, len(draws), step)
    ]
    return {metric: np.concatenate([piece[metric] for piece in pieces]) for metric in METRICS}


def _metrics(weights: Floats, truth: Bools, last_of_tie: Ints, detected: int) -> dict[str, Floats]:
    """The metrics in each row of `weights` (resamples, clips from the highest score down)."""
    positives = weights * truth
    at_threshold, tp_at_threshold = weights[:, :detected].sum(axis=1), positives[:, :detected].sum(axis=1)
    tp = np.cumsum(positives, axis=1)[:, last_of_tie]
    every = np.cumsum(weights, axis=1)[:, last_of_tie]
    all_positives, all_negatives = tp[:, -1], every[:, -1] - tp[:, -1]
    new_tp = np.diff(tp, axis=1, prepend=0)
    new_fp = np.diff(every, axis=1, prepend=0) - new_tp
    below_or_tied = (tp - new_tp / 2) * new_fp  # trapezoids: a positive above counts 1, one with the same score 1/2
    return {
        "precision": tp_at_threshold / np.maximum(at_threshold, 1),  # whole numbers: 0 detections have 0 positives
        "recall": tp_at_threshold / all_positives,
        "f1": 2 * tp_at_threshold / (at_threshold + all_positives),
        "auroc": below_or_tied.sum(axis=1) / (all_positives * all_negatives),
        "auprc": (new_tp * tp / np.maximum(every, 1)).sum(axis=1) / all_positives,
    }


def _check(labels: Bools, scores: Floats, nights: Ints) -> None:
    if not len(labels) == len(scores) == len(nights):
        raise DataError(
            f"labels, scores and nights must be of one length, not {len(labels)}, {len(scores)}, {len(nights)}"
        )
    if not np.isfinite(scores).all():
        raise DataError(f"scores must be finite, but {int(np.sum(~np.isfinite(scores)))} of {len(scores)} are not")
    if labels.all() or not labels.any():
        raise DataError(f"intervals need both classes, but the {len(labels)} clips are of one")
