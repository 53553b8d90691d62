"""What the best of many configurations is worth where it was not chosen.

The clips that choose the best of thirty configurations flatter it: part of why it came first is their luck, and the
luck of its training seeds. So the choice itself is repeated: site-nights and seeds are drawn with replacement, the best
on these is chosen, and it is judged on the nights and with the seeds that were left out. The mean of many such
judgements is the corrected figure. This is the bootstrap bias correction of Tsamardinos, Greasidou & Borboudakis (2018,
doi:10.1007/s10994-018-5714-4, "BBC-CV", their algorithm 2), with whole nights in place of single clips, as everywhere
here, and with seeds drawn beside them: where training is a lottery, nights alone leave half of the flattery in place.
The figure is of the whole procedure, "take the best of these configurations and train it anew", and errs a little to
the careful side, because each choice rests on fewer different nights and seeds than there are. benchmarks/selection.py
measures both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError, ParameterError
from chorus.evaluation.bootstrap import METRICS, draw_nights, resampled_metrics
from chorus.seeds import generator

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]


@dataclass(frozen=True)
class Selection:
    """The best of several configurations, as it was chosen and corrected for having been chosen.

    best: its place among the configurations. apparent: its mean over seeds on the clips that chose it.
    corrected: the mean figure of what is chosen, on nights and with seeds that had no say; low, high: percentiles of
        it (wide: each judgement rests on the third of the nights that a draw leaves out).
    resamples: how many draws could be judged. by_seeds: whether seeds were drawn; of one seed none can be left out.
    """

    metric: str
    best: int
    apparent: float
    corrected: float
    low: float
    high: float
    configurations: int
    seeds: int
    nights: int
    resamples: int

    @property
    def by_seeds(self) -> bool:
        return self.seeds > 1


def correct_for_selection(
    labels: Bools,
    scores: Floats,
    thresholds: Floats,
    nights: Sequence[str] | NDArray[np.str_],
    metric: str,
    *,
    resamples: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> Selection:
    """The best configuration by a metric, and its figure corrected for selection.

    Args:
        labels: bool (clips,). scores: (configurations, seeds, clips). thresholds: (configurations, seeds), each model's
            own. nights: (clips,), the site-night of each clip.
        metric: f1, precision, recall, auprc or auroc.
        resamples: draws of nights and seeds. seed: of the draws. level: of the two-sided interval.

    Raises:
        DataError: shapes do not fit, a score is not finite, a class is missing, there are fewer than two
            configurations, or no draw leaves out nights of both classes.
        ParameterError: another metric, no resamples, or a level outside (0, 1).
    """
    _check(labels, scores, thresholds, metric, resamples, level)
    names, night_of = np.unique(np.asarray(nights, dtype=str), return_inverse=True)
    if len(night_of) != len(labels):
        raise DataError(
            f"there must be a night for each of the {len(labels)} clips, not {len(night_of)}"
        )
    drawn_nights, left_nights = _whole(draw_nights(len(names), resamples, seed), labels, night_of)
    drawn_seeds, left_seeds = _draw_seeds(scores.shape[1], len(drawn_nights), seed)
    # a draw of every seed leaves none to judge by
    usable = left_seeds.sum(axis=1) > 0
    nights_twice = np.vstack([drawn_nights[usable], left_nights[usable]])
    if not len(nights_twice):
        raise DataError(
            f"no draw of {len(names)} nights leaves out nights of both classes: nothing can be corrected"
        )
    # in one call a model, because its scores are sorted once a call
    everything = np.vstack([np.ones((1, len(names)), dtype=np.int64), nights_twice])
    figures = _figures(labels, scores, thresholds, night_of, everything, metric)
    seen, (inside, outside) = figures[:, :, 0].mean(axis=1), np.split(figures[:, :, 1:], 2, axis=2)
    chosen = _mean_over_seeds(inside, drawn_seeds[usable]).argmax(axis=0)
    # what was chosen on the nights that were drawn is judged on those left out: it had no say there
    beyond = _mean_over_seeds(outside, left_seeds[usable])
    judged = np.take_along_axis(beyond, chosen[None], axis=0)[0]
    low, high = np.quantile(judged, [(1 - level) / 2, (1 + level) / 2])
    return Selection(
        metric=metric,
        best=int(seen.argmax()),
        apparent=float(seen.max()),
        corrected=float(judged.mean()),
        low=float(low),
        high=float(high),
        configurations=scores.shape[0],
        seeds=scores.shape[1],
        nights=len(names),
        resamples=len(judged),
    )


def _whole(drawn: Ints, labels: Bools, night_of: Ints) -> tuple[Ints, Ints]:
    """How often each night is drawn, and which are left out: of the draws in which both sides hold both classes."""
    left = (drawn == 0).astype(np.int64)
    whole = np.ones(len(drawn), dtype=bool)
    for which in (labels, ~labels):
        counts = np.bincount(night_of[which], minlength=drawn.shape[1])
        whole &= (drawn @ counts > 0) & (left @ counts > 0)
    return drawn[whole], left[whole]


def _draw_seeds(seeds: int, draws: int, seed: int) -> tuple[Ints, Ints]:
    """The same of the seeds, (draws, seeds) each; a single one is both drawn and left out."""
    if seeds == 1:
        return np.ones((draws, 1), dtype=np.int64), np.ones((draws, 1), dtype=np.int64)
    # a stream of its own, so that the same nights are drawn whatever the number of seeds
    drawn = generator(seed, "seeds of a selection").multinomial(
        seeds, np.full(seeds, 1 / seeds), size=draws
    )
    return drawn, (drawn == 0).astype(np.int64)


def _figures(
    labels: Bools, scores: Floats, thresholds: Floats, night_of: Ints, weights: Ints, metric: str
) -> Floats:
    """The metric of every model in every draw: (configurations, seeds, draws)."""
    configurations, seeds, _ = scores.shape
    figures = np.empty((configurations, seeds, len(weights)))
    for place in np.ndindex(configurations, seeds):
        found = resampled_metrics(
            labels, scores[place], night_of, weights, float(thresholds[place])
        )
        figures[place] = found[metric]
    return figures


def _mean_over_seeds(figures: Floats, weights: Ints) -> Floats:
    """(configurations, draws) from (configurations, seeds, draws), a seed counting as often as (draws, seeds) says."""
    means: Floats = np.einsum("csd,ds->cd", figures, weights) / weights.sum(axis=1)
    return means


def _check(
    labels: Bools, scores: Floats, thresholds: Floats, metric: str, resamples: int, level: float
) -> None:
    if metric not in METRICS:
        raise ParameterError(f"metric: {metric} is not allowed: one of {', '.join(METRICS)}")
    if resamples < 1 or not 0 < level < 1:
        raise ParameterError(
            f"resamples: {resamples}, level: {level} are not allowed: at least 1; between 0 and 1"
        )
    if scores.ndim != 3 or scores.shape[2:] != labels.shape or scores.shape[:2] != thresholds.shape:
        raise DataError(
            "scores must be (configurations, seeds, clips), with a threshold a model and a label a clip, not "
            f"{scores.shape}, {thresholds.shape}, {labels.shape}"
        )
    if len(scores) < 2:
        raise DataError("nothing was chosen: there must be two configurations with every seed")
    if not np.isfinite(scores).all() or not np.isfinite(thresholds).all():
        raise DataError("scores and thresholds to choose by must be finite")
    if labels.all() or not labels.any():
        raise DataError(f"a choice needs both classes, but the {len(labels)} clips are of one")
