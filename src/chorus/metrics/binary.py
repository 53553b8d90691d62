"""How well scores separate positives from negatives: pure functions of labels and scores.

Everywhere, labels are bool (n,), scores float (n,), a higher score means more positive, and a score at or above the
threshold is a detection. Where scikit-learn has the same figure, the value is the same; importing it would cost a
second in every one of the many runs of a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Confusion:
    """Counts of right and wrong decisions. A ratio with nothing in its denominator is 0."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def precision(self) -> float:
        """Share of the detections that are positive; 0 without detections."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the positives that are detected; 0 without positives."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 with neither positives nor detections."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def accuracy(self) -> float:
        """Share of right decisions."""
        return _ratio(self.tp + self.tn, self.tp + self.fp + self.fn + self.tn)


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.

    Raises:
        DataError: impossible input, or a class is missing.
    """
    _, tp, fp = _counts_from_the_top(*_checked(labels, scores, needs="both classes"))
    # the curve starts where nothing is detected, which no score stands for
    return float(np.trapezoid(np.r_[0.0, tp / tp[-1]], np.r_[0.0, fp / fp[-1]]))


def auprc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Average precision: the area under the precision-recall curve as a sum of steps, without interpolation.

    Raises:
        DataError: impossible input, or no positives.
    """
    _, tp, fp = _counts_from_the_top(*_checked(labels, scores, needs="positives"))
    return float(np.sum(np.diff(tp, prepend=0) * (tp / (tp + fp))) / tp[-1])


def brier(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean squared difference between score and label (1 or 0): 0 is perfect, always saying 0.5 gives 0.25.

    Raises:
        DataError: impossible input, or a score outside [0, 1].
    """
    truth, values = _probabilities(labels, scores)
    return float(np.mean((values - truth) ** 2))


def ece(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: mean |share of positives - mean score| over the bins, weighted by their size.

    Args:
        bins: equal widths over [0, 1]; a score on an inner edge belongs to the upper bin.

    Raises:
        DataError: impossible input, a score outside [0, 1], or no bins.
    """
    if bins < 1:
        raise DataError(f"calibration bins: {bins} is not allowed: at least 1")
    truth, values = _probabilities(labels, scores)
    # a score of 1 is on an outer edge, and belongs to the last bin
    bin_of = np.minimum((values * bins).astype(np.intp), bins - 1)
    # sums, not means: a bin then counts by its size, and an empty one not at all
    gaps = np.bincount(bin_of, weights=truth - values, minlength=bins)
    return float(np.abs(gaps).sum() / len(values))


def confusion(labels: ArrayLike, scores: ArrayLike, threshold: float) -> Confusion:
    """Right and wrong decisions at a threshold.

    Raises:
        DataError: impossible input.
    """
    truth, values = _checked(labels, scores)
    detected = values >= threshold
    return Confusion(
        tp=int(np.sum(detected & truth)),
        fp=int(np.sum(detected & ~truth)),
        fn=int(np.sum(~detected & truth)),
        tn=int(np.sum(~detected & ~truth)),
    )


def threshold_table(labels: ArrayLike, scores: ArrayLike) -> dict[str, Floats]:
    """What every possible threshold gives: columns threshold, precision, recall, f1.

    One row for each distinct score, the highest first; with the last row everything is a detection.

    Raises:
        DataError: impossible input, or no positives.
    """
    thresholds, tp, fp = _counts_from_the_top(*_checked(labels, scores, needs="positives"))
    return {
        "threshold": thresholds,
        "precision": tp / (tp + fp),
        "recall": tp / tp[-1],
        "f1": 2 * tp / (tp + fp + tp[-1]),
    }


def best_f1_threshold(labels: ArrayLike, scores: ArrayLike) -> float:
    """The threshold with the highest F1, midway between the lowest score that it detects and the next one below.

    On a score itself it would miss a clip that scores a hair less. Of several that give the same F1 the highest; the
    lowest score itself where everything is detected.

    Raises:
        DataError: impossible input, or no positives.
    """
    table = threshold_table(labels, scores)
    # the first maximum is the highest threshold of several as good, because rows fall
    best = int(np.argmax(table["f1"]))
    detected, *below = table["threshold"][best : best + 2].tolist()
    if not below:
        return float(detected)
    middle = (detected + below[0]) / 2
    # between neighbouring floats there is no middle
    return float(middle) if middle > below[0] else float(detected)


def threshold_for_precision(labels: ArrayLike, scores: ArrayLike, precision: float) -> float | None:
    """The lowest score which, as threshold, gives at least this precision; None if none does.

    Precision need not rise with the threshold: some higher thresholds may miss it again.

    Raises:
        DataError: impossible input, or no positives.
    """
    table = threshold_table(labels, scores)
    reached = table["threshold"][table["precision"] >= precision]
    return float(reached[-1]) if len(reached) else None


def _counts_from_the_top(labels: Bools, scores: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct scores, falling, and how many positives and negatives score at least that much."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    # a threshold cannot part clips of one score: of a tie only the last row is a point of the curve
    last_of_tie = np.r_[np.flatnonzero(np.diff(ranked)), len(ranked) - 1]
    tp = np.cumsum(labels[order], dtype=np.float64)[last_of_tie]
    return ranked[last_of_tie], tp, last_of_tie + 1.0 - tp


def _checked(labels: ArrayLike, scores: ArrayLike, needs: str = "") -> tuple[Bools, Floats]:
    truth, values = np.asarray(labels), np.asarray(scores)
    # 0 and 1 are refused, because ~ would make -1 and -2 of them
    if truth.dtype != np.bool_:
        raise DataError(f"labels must be true or false, not {truth.dtype}")
    if values.dtype.kind not in "fiu":
        raise DataError(f"scores must be numbers, not {values.dtype}")
    if truth.ndim != 1 or truth.shape != values.shape:
        raise DataError(
            f"labels and scores must be two lists of one length, not {truth.shape} and {values.shape}"
        )
    if not len(truth):
        raise DataError("there are no scores to judge")
    if not np.isfinite(values).all():
        raise DataError(
            f"scores must be finite, but {int(np.sum(~np.isfinite(values)))} of {len(values)} are not"
        )
    if needs and not truth.any():
        raise DataError(f"this figure needs {needs}, but all {len(truth)} labels are negative")
    if needs == "both classes" and truth.all():
        raise DataError(f"this figure needs both classes, but all {len(truth)} labels are positive")
    return truth, values.astype(np.float64)


def _probabilities(labels: ArrayLike, scores: ArrayLike) -> tuple[Bools, Floats]:
    truth, values = _checked(labels, scores)
    if values.min() < 0 or values.max() > 1:
        raise DataError(
            f"calibration needs scores from 0 to 1, not {values.min():g} to {values.max():g}"
        )
    return truth, values


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
