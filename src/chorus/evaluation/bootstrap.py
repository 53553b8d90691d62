"""How sure we are: intervals over whole site-nights ("nights" in short, see `chorus.clips.site_nights`).

Clips of one night at one site share a weather and the same few frogs; they err together. Counting clips as independent
evidence would give intervals that are far too narrow. So whole nights are left out, or drawn with replacement (the
cluster bootstrap: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).

The interval is Student's t on the logit scale, with the standard error of the jackknife that leaves out each night in
turn (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 11): shares and areas have skew errors near
their bounds, and on the logit scale hardly. Where that scale ends (a figure of 0 or 1, with or without some night), and
with very many nights, it runs between percentiles of redrawn figures. With G nights the drawn spread is too small by
(G - 1) / G, and a percentile knows no t: so the percentiles lie further out, where Student's t with G - 1 degrees of
freedom asks for them (the expanded percentile interval: Hesterberg 2015, doi:10.1080/00031305.2015.1089789).
benchmarks/coverage.py measures what that gives. With few nights, no interval is to be trusted: it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from chorus.errors import DataError, ParameterError
from chorus.seeds import generator

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

METRICS = ("precision", "recall", "f1", "auroc", "auprc")
RELIABLE_NIGHTS = 20
# Resamples x levels in one piece of work: 4 MB an array, which stays in the cache.
_CELLS_AT_ONCE = 500_000
_DRAWN_AT_ONCE = 1_000_000  # resamples x nights: 8 MB
LEVELS = 4096  # of more different scores than that, neighbours count as one
MOST_LEFT_OUT = 500  # nights that are left out in turn; with more, percentiles cover as often
MANY_NIGHTS = 20_000  # from here on, nights that hold the same are drawn as one


@dataclass(frozen=True)
class Interval:
    """Where a figure would lie if other nights had been recorded.

    low, high: its ends.
    nights: how many nights there are to draw from.
    reliable: False if fewer than 20 nights hold positives, or fewer than 20 hold negatives: then the interval is
        likely too narrow.
    dropped: resamples left out because they lacked a class, which leaves most figures undefined; 0 where no figure
        needed any.
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
    """Intervals of precision, recall, f1 (at the threshold), auroc and auprc over whole nights.

    The draw, where there is one, depends on the seed and the number of nights alone (below `MANY_NIGHTS`), so that two
    models judged on the same nights see the same resamples.

    Args:
        labels: bool (n,). scores: (n,). nights: (n,), the site-night of each clip.
        resamples, seed: of the draws. level: of the two-sided interval.

    Raises:
        DataError: lengths differ, a score is not finite, or a class is missing (in the data or in all resamples).
        ParameterError: no resamples, or a level outside (0, 1).
    """
    if resamples < 1:
        raise ParameterError(f"resamples: {resamples} is not allowed: at least 1")
    if not 0 < level < 1:
        raise ParameterError(f"level: {level} is not allowed: between 0 and 1")
    night_of = numbered(nights)
    _check(labels, scores, night_of)
    count = int(night_of.max()) + 1
    # nights without the rarer class say nothing of it, however many they are
    least = min(len(np.unique(night_of[which])) for which in (labels, ~labels))
    held = _Held.of(labels, scores, night_of, threshold)
    tail = (1 - level) / 2
    found: dict[str, tuple[float, float]] = {}
    if count <= MOST_LEFT_OUT:
        for metric, values in _without_each(held).items():
            ends = logit_interval(values, least, tail)
            if ends is not None:
                found[metric] = ends
    # drawn only where the logit scale gave no interval: it takes thousands of draws, leaving out as many as nights
    dropped = 0
    if len(found) < len(METRICS):
        drawn = _merged(held) if count >= MANY_NIGHTS else held
        (figures,), dropped = _redrawn([drawn], resamples, seed)
        outer = expanded_tail(tail, least)
        for metric, values in figures.items():
            if metric not in found:
                low, high = np.quantile(values, [outer, 1 - outer])
                found[metric] = (float(low), float(high))
    reliable = least >= RELIABLE_NIGHTS
    intervals = {}
    for metric in METRICS:
        low, high = found[metric]
        intervals[metric] = Interval(low, high, count, reliable, dropped)
    return intervals


def logit_interval(values: Floats, nights: int, tail: float) -> tuple[float, float] | None:
    """Student's t interval on the logit scale, from the jackknife; None where a value is 0 or 1.

    Args:
        values: the figure of all nights, then without each of them: (1 + nights,).
        nights: that hold the rarer class: less one, the degrees of freedom. tail: on each side.
    """
    from scipy.special import expit, logit, stdtrit

    if nights < 2 or values.min() <= 0 or values.max() >= 1:
        return None
    whole, *without = logit(values)
    error = np.sqrt((len(without) - 1) * np.var(without))
    reach = -stdtrit(nights - 1, tail) * error
    return float(expit(whole - reach)), float(expit(whole + reach))


def numbered(nights: Sequence[str] | NDArray[np.str_]) -> Ints:
    """The number of each clip's night, from 0, in the order of their names: (n,)."""
    # by arrow: numpy would make an object of each name, twice the memory for a million clips
    rank = pc.rank(pa.array(nights, pa.string()), tiebreaker="dense")
    return np.asarray(rank, dtype=np.int64) - 1


def draw_nights(nights: int, resamples: int, seed: int) -> Ints:
    """How often each night is drawn in each resample: (resamples, nights), every row sums to `nights`."""
    return _night_draws(seed).multinomial(nights, np.full(nights, 1 / nights), size=resamples)


def _night_draws(seed: int) -> np.random.Generator:
    return generator(seed, "night bootstrap")


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
    held = _Held.of(labels, scores, night_of, threshold, nights=draws.shape[1])
    return _figures(held, draws)


def paired_metrics(
    labels: Bools, scores: Sequence[Floats], night_of: Ints, *, resamples: int, seed: int
) -> list[dict[str, Floats]]:
    """Each of `METRICS` (at the threshold 0.5) of several methods, in the same resamples of the same nights.

    Args:
        scores: of each method, (n,). night_of: (n,), the number of each clip's night, from 0.

    Returns:
        For each method metric -> (usable resamples,): those that hold both classes.

    Raises:
        DataError: all resamples lack a class.
    """
    held = [_Held.of(labels, of_one, night_of, threshold=0.5) for of_one in scores]
    return _redrawn(held, resamples, seed)[0]


@dataclass(frozen=True)
class _Held:
    """What each night holds at each level of the score, the highest level first.

    positives, clips: counts, sparse (nights, levels). detected: how many levels lie at or above the threshold.
    alike: (nights,), how many nights of the survey each row stands for.
    """

    positives: Any
    clips: Any
    detected: int
    alike: Ints

    @classmethod
    def of(
        cls,
        labels: Bools,
        scores: Floats,
        night_of: Ints,
        threshold: float,
        nights: int | None = None,
    ) -> _Held:
        from scipy.sparse import csr_array  # takes a tenth of a second to import

        if nights is None:
            nights = int(night_of.max()) + 1
        levels = _levels(scores, threshold)
        # levels fall and searchsorted wants them rising, so both signs are turned
        level = np.searchsorted(-levels, -scores, side="left")
        level = np.minimum(level, len(levels) - 1)
        place, shape = (night_of, level), (nights, len(levels))
        # clips of one night and level have one place, where csr_array adds them up
        return cls(
            positives=csr_array((labels.astype(np.float64), place), shape=shape),
            clips=csr_array((np.ones(len(labels)), place), shape=shape),
            detected=int(np.count_nonzero(levels >= threshold)),
            alike=np.ones(nights, dtype=np.int64),
        )


def _levels(scores: Floats, threshold: float) -> Floats:
    """The different scores from the highest down, or `LEVELS` of them that hold as many clips each.

    A clip counts at the highest level that its score reaches, so that the lowest of the levels above the threshold is
    the threshold itself: precision, recall and F1 stay exact, and of the areas the fourth digit is at stake.
    """
    different = np.unique(scores)
    if len(different) > LEVELS:
        ranked = np.sort(scores)
        quantiles = ranked[np.linspace(0, len(ranked) - 1, LEVELS).astype(np.intp)]
        above = different[different >= threshold][:1]
        different = np.unique(np.concatenate([quantiles, above]))
    return different[::-1]


def _merged(held: _Held) -> _Held:
    """Nights that hold the same as one row: drawing any of them comes to the same."""
    positives, clips = held.positives, held.clips
    most = clips.data.max() + 1
    # level, clips, positives: one whole number
    entry = (clips.indices * most + clips.data) * most + positives.data
    entries = np.diff(clips.indptr)
    firsts, times = [], []
    for count in np.unique(entries):
        nights = np.flatnonzero(entries == count)
        content = pd.DataFrame(entry[clips.indptr[nights][:, None] + np.arange(count)])
        same = content.groupby(list(content), sort=False).ngroup()
        firsts.append(nights[~same.duplicated()])  # in the order in which they are numbered
        times.append(np.bincount(same))
    order = np.argsort(np.concatenate(firsts))
    kept, alike = np.concatenate(firsts)[order], np.concatenate(times)[order]
    return _Held(positives[kept], clips[kept], held.detected, alike)


def _without_each(held: _Held) -> dict[str, Floats]:
    """Each metric of all nights, then without each of them: (1 + nights,); none where a class would be missing."""
    nights = held.clips.shape[0]
    kept = np.vstack([np.ones((1, nights), dtype=np.int64), 1 - np.eye(nights, dtype=np.int64)])
    positives = held.positives.sum(axis=1)
    negatives = held.clips.sum(axis=1) - positives
    if not ((kept @ positives > 0) & (kept @ negatives > 0)).all():
        return {}
    return _figures(held, kept)


def _redrawn(
    methods: Sequence[_Held], resamples: int, seed: int
) -> tuple[list[dict[str, Floats]], int]:
    """Of each method, each metric in the resamples that hold both classes; and the number of the other resamples."""
    first = methods[0]  # all hold the same clips in the same nights
    nights = int(first.alike.sum())
    chances = first.alike / nights
    random = _night_draws(seed)
    positives = first.positives.sum(axis=1)
    negatives = first.clips.sum(axis=1) - positives
    # a piece at a time: all draws of very many nights would fill the memory; the pieces are one stream of draws
    step = max(1, _DRAWN_AT_ONCE // len(chances))
    pieces: list[list[dict[str, Floats]]] = [[] for _ in methods]
    for start in range(0, resamples, step):
        draws = random.multinomial(nights, chances, size=min(step, resamples - start))
        whole = draws[(draws @ positives > 0) & (draws @ negatives > 0)]
        for of_one, held in zip(pieces, methods, strict=True):
            of_one.append(_figures(held, whole))
    figures = [_joined(of_one) for of_one in pieces]
    usable = len(figures[0]["f1"])
    if not usable:
        raise DataError(
            f"all {resamples} resamples of {nights} nights lack a class: nothing can be said from them"
        )
    return figures, resamples - usable


def _joined(pieces: Sequence[dict[str, Floats]]) -> dict[str, Floats]:
    return {metric: np.concatenate([piece[metric] for piece in pieces]) for metric in METRICS}


def expanded_tail(tail: float, nights: int) -> float:
    """Which percentile stands for a tail of this size when there are so few nights."""
    from scipy.special import ndtr, stdtrit

    if nights < 2:
        return 0.0
    return float(ndtr(np.sqrt(nights / (nights - 1)) * stdtrit(nights - 1, tail)))


def _figures(held: _Held, draws: Ints) -> dict[str, Floats]:
    """The metrics in each resample: (resamples,)."""
    step = max(1, _CELLS_AT_ONCE // held.clips.shape[1])
    starts = range(0, max(len(draws), 1), step)  # one piece at least, and be it empty
    return _joined([_metrics(held, draws[start : start + step]) for start in starts])


def _metrics(held: _Held, draws: Ints) -> dict[str, Floats]:
    """The same of a few resamples at once. All weights are whole numbers, so that no order of sums shows in them."""
    weights = draws.astype(np.float64)
    # the sparse side must stand on the left; turned back, so that each draw is a row to sum along
    new_tp, new = (
        np.ascontiguousarray((counts.T @ weights.T).T) for counts in (held.positives, held.clips)
    )
    tp, every = np.cumsum(new_tp, axis=1), np.cumsum(new, axis=1)
    new_fp = new - new_tp
    all_positives, all_negatives = tp[:, -1], every[:, -1] - tp[:, -1]
    # trapezoids: a positive above counts 1, one with the same score 1/2
    below_or_tied = (tp - new_tp / 2) * new_fp
    tp_detected, detected = (sums[:, : held.detected][:, -1:].sum(axis=1) for sums in (tp, every))
    # whole numbers: 0 detections have 0 positives, and 0 / 1 is the precision of none
    precision = tp_detected / np.maximum(detected, 1)
    return {
        "precision": precision,
        "recall": tp_detected / all_positives,
        "f1": 2 * tp_detected / (detected + all_positives),
        "auroc": below_or_tied.sum(axis=1) / (all_positives * all_negatives),
        "auprc": (new_tp * tp / np.maximum(every, 1)).sum(axis=1) / all_positives,
    }


def _check(labels: Bools, scores: Floats, nights: Ints) -> None:
    if not len(labels) == len(scores) == len(nights):
        raise DataError(
            f"labels, scores and nights must be of one length, not {len(labels)}, {len(scores)}, {len(nights)}"
        )
    if not np.isfinite(scores).all():
        raise DataError(
            f"scores must be finite, but {int(np.sum(~np.isfinite(scores)))} of {len(scores)} are not"
        )
    if labels.all() or not labels.any():
        raise DataError(f"intervals need both classes, but the {len(labels)} clips are of one")
