"""Two configurations on the same test clips: how much do they differ, counting both other nights and other seeds?

Two things would come out differently next time: the nights (with their weather and their few frogs), and the training
(with another seed). A figure's spread over seeds knows nothing of the first, a bootstrap over nights of one trained
model nothing of the second. Here both are crossed: every seed is judged on every night.

Why not simply resample nights and seeds and take percentiles? Because three seeds are too few to resample: the drawn
spread is too small by a third, and percentiles know no t. Where seeds matter most, such a "95 %" interval was seen to
cover about 80 % (tests/statistics/test_difference.py). So the nights are resampled (whole nights, the same ones for
both configurations and for all seeds), the variance between seeds is estimated from the per-seed differences, the two
are added, and the interval is Student's (`chorus.statistics.intervals`). In simulations with three seeds it covers 94
to 98 % where nights or seeds or both matter, and 99 % (too cautious) where the models of a configuration differ only by
chance, clip by clip, which both variances then see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError, ParameterError
from chorus.evaluation.bootstrap import METRICS, RELIABLE_NIGHTS, draw_nights, resampled_metrics
from chorus.seeds import generator
from chorus.statistics.intervals import student

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.integer]

SIGNIFICANT = 0.05
_NAMES = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "auroc": "AUROC",
    "auprc": "AUPRC",
}
_MOST_SWAPS = 4096  # all of them up to 13 nights


@dataclass(frozen=True)
class Difference:
    """A - B in one metric, as a mean over seeds.

    a, b: means over seeds on the clips as they are. low, high, p: two-sided, over nights and seeds together; with one
        seed over nights alone.
    per_seed: A - B of each seed, in the order given.
    se_nights, se_seeds: standard errors from the nights (with these seeds) and from the seeds (with these nights).
    reliable: False if fewer than 20 nights hold positives, or fewer than 20 negatives: the interval is likely too
        narrow, and `swap_p` is given.
    swap_p: p when A's and B's scores are swapped in whole nights; about these trained models only. None if reliable.
    """

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    per_seed: tuple[float, ...]
    seeds: int
    nights: int
    reliable: bool
    se_nights: float
    se_seeds: float
    swap_p: float | None

    @property
    def told_apart(self) -> bool:
        """Whether the data tell A from B: zero is outside the interval and, with few nights, swapping agrees."""
        return not self.low <= 0 <= self.high and (self.swap_p is None or self.swap_p < SIGNIFICANT)


def paired_bootstrap(
    labels: Bools,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    thresholds_a: ArrayLike,
    thresholds_b: ArrayLike,
    nights: Sequence[str] | NDArray[np.str_],
    *,
    resamples: int = 2000,
    seed: int = 1,
    level: float = 0.95,
) -> dict[str, Difference]:
    """Differences in precision, recall, f1 (each model at its own threshold), auroc and auprc.

    Args:
        labels: bool (clips,). scores_a, scores_b: (seeds, clips), a row of A belongs to the same seed as that of B.
        thresholds_a, thresholds_b: (seeds,). nights: (clips,), recorder and night of each clip as one string.
        resamples: of the nights, with replacement. seed: of the resampling. level: of the two-sided interval.

    Returns:
        metric -> difference.

    Raises:
        DataError: shapes do not fit, a score is not finite, a class is missing, or there are fewer than two nights.
        ParameterError: no resamples, or a level outside (0, 1).
    """
    if resamples < 2 or not 0 < level < 1:
        raise ParameterError(
            f"resamples: {resamples}, level: {level} are not allowed: at least 2; between 0 and 1"
        )
    names, night_of = np.unique(np.asarray(nights, dtype=str), return_inverse=True)
    above = [
        _above_threshold(scores_a, thresholds_a, labels, night_of),
        _above_threshold(scores_b, thresholds_b, labels, night_of),
    ]
    _check(labels, above, len(names))
    per_class = [np.bincount(night_of[which], minlength=len(names)) for which in (labels, ~labels)]
    reliable = min(int(np.count_nonzero(counts)) for counts in per_class) >= RELIABLE_NIGHTS
    drawn = draw_nights(len(names), resamples, seed)
    positives, negatives = per_class
    # without a class, recall or the areas are not defined
    usable = drawn[(drawn @ positives > 0) & (drawn @ negatives > 0)]
    # the first row is no draw: every night once, the clips as they are
    draws = np.vstack([np.ones_like(drawn[:1]), usable])
    # the spread over nights takes two draws
    if len(draws) < 3:
        raise DataError(
            f"the resamples of {len(names)} nights lack a class: nothing can be said from them"
        )
    seen_a, seen_b = (_of_all_seeds(labels, scores, night_of, draws) for scores in above)
    swap_p = {} if reliable else _swap_p(labels, above, night_of, len(names), seed)
    differences = {}
    for metric in METRICS:
        a, b = seen_a[metric], seen_b[metric]
        swapped = swap_p.get(metric)
        differences[metric] = _difference(metric, a, b, len(names), reliable, swapped, level)
    return differences


def verdict(
    difference: Difference, names: tuple[str, str] = ("A", "B"), *, level: float = 0.95
) -> str:
    """The difference in one plain sentence.

    Args:
        names: of A and B; a difference is the first less the second. level: of the difference's interval.
    """
    a, b = names
    metric = _NAMES.get(difference.metric, difference.metric)
    over = f"over {_count(difference.seeds, 'seed')} and {_count(difference.nights, 'night')}"
    low, high = difference.low, difference.high
    text = f"{a} and {b} cannot be told apart with these data: {metric} differs by {difference.difference:+.3f}"
    if difference.told_apart:
        better, worse = a, b
        if difference.difference < 0:  # the sentence is about the better one: signs turn around
            better, worse = b, a
            low, high = -high, -low
        text = f"{better} is better than {worse}: {metric} is higher by {abs(difference.difference):.3f}"
    doubts = []
    if difference.swap_p is not None:
        doubts.append(
            f"with so few nights the interval is likely too narrow: swapping {a} and {b} in whole nights "
            f"gives p = {difference.swap_p:.3f}"
        )
    if difference.seeds == 1:
        doubts.append("another training seed may give another answer")
    sure = f"{text}, {100 * level:g} % interval {low:.3f} to {high:.3f} {over}"
    return "; ".join([sure, *doubts])


def _of_all_seeds(labels: Bools, scores: Floats, night_of: Ints, draws: Ints) -> dict[str, Floats]:
    """Metric -> (seeds, draws)."""
    # the threshold is 0: each model's own was subtracted, so that A and B can be swapped clip by clip
    of_each = [resampled_metrics(labels, row, night_of, draws, 0.0) for row in scores]
    return {metric: np.stack([values[metric] for values in of_each]) for metric in METRICS}


def _difference(
    metric: str,
    a: Floats,
    b: Floats,
    nights: int,
    reliable: bool,
    swap_p: float | None,
    level: float,
) -> Difference:
    """From (seeds, 1 + resamples) values of A and of B, the first column being the clips as they are."""
    seeds = len(a)
    per_seed, resampled = (a - b)[:, 0], (a - b)[:, 1:]
    # A bootstrap variance of n clusters is too small by (n - 1) / n.
    of_nights = float(np.var(resampled.mean(axis=0), ddof=1)) * nights / (nights - 1)
    of_seeds = 0.0
    if seeds > 1:
        of_seeds = float(np.var(per_seed, ddof=1)) / seeds
    mean = float(per_seed.mean())
    # of one seed the variance is 0 and has no say, but no part may have 0 degrees of freedom
    low, high, p = student(
        mean, (of_nights, nights - 1), (of_seeds, max(seeds - 1, 1)), level=level
    )
    return Difference(
        metric=metric,
        a=float(a[:, 0].mean()),
        b=float(b[:, 0].mean()),
        difference=mean,
        low=low,
        high=high,
        p=p,
        per_seed=tuple(per_seed.tolist()),
        seeds=seeds,
        nights=nights,
        reliable=reliable,
        se_nights=float(np.sqrt(of_nights)),
        se_seeds=float(np.sqrt(of_seeds)),
        swap_p=swap_p,
    )


def _swap_p(
    labels: Bools, above: list[Floats], night_of: Ints, nights: int, seed: int
) -> dict[str, float]:
    """Were A and B the same, swapping them in any set of whole nights would change nothing: p of each metric.

    All sets of nights up to 13 nights, else random ones. Seeds stay as they are, and are swapped together.
    """
    if 2**nights <= 2 * _MOST_SWAPS:  # half of the sets will do: the others change the sign only
        swapped = np.arange(2 ** (nights - 1))[:, None] >> np.arange(nights) & 1
    else:
        swapped = generator(seed, "night swaps").integers(0, 2, size=(_MOST_SWAPS, nights))
        # the data as they are count among the draws, so that p is never 0
        swapped[0] = 0
    # Clips of A and of B side by side, in nights of their own: a weight of 0 or 1 says which of the two counts.
    both_labels, both_nights = np.tile(labels, 2), np.concatenate([night_of, night_of + nights])
    both_scores = np.concatenate(above, axis=1)
    one, other = np.hstack([1 - swapped, swapped]), np.hstack([swapped, 1 - swapped])
    seen = _of_all_seeds(both_labels, both_scores, both_nights, one)
    seen_other = _of_all_seeds(both_labels, both_scores, both_nights, other)
    extremes = {}
    for metric in METRICS:
        sizes = np.abs((seen[metric] - seen_other[metric]).mean(axis=0))
        # the first swaps nothing: what was observed; other orders of a sum give it other last digits
        extremes[metric] = float(np.mean(sizes >= sizes[0] - 1e-12))
    return extremes


def _above_threshold(
    scores: ArrayLike, thresholds: ArrayLike, labels: Bools, night_of: Ints
) -> Floats:
    """Scores relative to the model's own threshold, so that 0 is everybody's: exactly, as x - t >= 0 where x >= t."""
    values, of_seed = np.asarray(scores, dtype=np.float64), np.asarray(thresholds, dtype=np.float64)
    if (
        values.shape != (*of_seed.shape, *labels.shape)
        or values.ndim != 2
        or night_of.shape != labels.shape
    ):
        raise DataError(
            "scores must be (seeds, clips), with a threshold a seed, a label and a night a clip, not "
            f"{values.shape}, {of_seed.shape}, {labels.shape}, {night_of.shape}"
        )
    if not np.isfinite(values).all() or not np.isfinite(of_seed).all():
        raise DataError("scores and thresholds to compare must be finite")
    return values - of_seed[:, None]


def _check(labels: Bools, above: list[Floats], nights: int) -> None:
    if above[0].shape != above[1].shape:
        raise DataError(
            f"A and B must have the same seeds, not {len(above[0])} and {len(above[1])}"
        )
    if labels.all() or not labels.any():
        raise DataError(f"a comparison needs both classes, but the {len(labels)} clips are of one")
    if nights < 2:
        raise DataError("a comparison needs at least two nights")


def _count(number: int, what: str) -> str:
    if number != 1:
        what += "s"
    return f"{number} {what}"
