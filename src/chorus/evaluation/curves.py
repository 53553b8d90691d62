"""Curves as small tidy tables, for `dvc plots` and for our own pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.clips import NEGATIVE, POSITIVE
from chorus.evaluation.predictions import JUDGED, predictions
from chorus.metrics import confusion, threshold_table

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_POINTS = 200  # a split: the tables are kept in git
HISTOGRAM_BINS = 20
RELIABILITY_BINS = 10


def curves(clips: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The curves of the judged splits (`chorus.evaluation.predictions.JUDGED`); one that lacks a class has none.

    Args:
        clips: what `chorus.evaluation.predictions` takes.

    Returns:
        pr: split, recall, precision. roc: split, fpr, tpr. threshold_sweep: split, threshold, precision, recall, f1,
        at every hundredth that detects anything. score_histogram: split, label, bin (lower edge of 20 equal bins),
        share (of the clips with that label). reliability: split, mean_score, observed (share of positives), n, for
        each of 10 equal bins that holds clips.

    Raises:
        DataError: see `predictions`.
    """
    table = predictions(clips)
    of_split = {}
    for split in JUDGED:
        part = table[table["split"] == split]
        labels = (part["label"] == POSITIVE).to_numpy(dtype=bool)
        scores = part["score"].to_numpy()
        if labels.any() and not labels.all():
            of_split[split] = labels, scores
    return {name: _all_splits(curve, of_split) for name, curve in _CURVES.items()}


def _all_splits(
    curve: Callable[[Bools, Floats], pd.DataFrame], of_split: dict[str, tuple[Bools, Floats]]
) -> pd.DataFrame:
    """One curve of every split, below each other, the split in the first column; only headings without any split."""
    if not of_split:
        # the headings that a curve would have, from two clips that are made up
        columns = curve(np.array([True, False]), np.array([0.5, 0.5])).columns
        return pd.DataFrame(columns=["split", *columns])
    tables = [curve(*given).assign(split=split) for split, given in of_split.items()]
    joined = pd.concat(tables, ignore_index=True)
    return joined[["split", *joined.columns.drop("split")]]


def _pr(labels: Bools, scores: Floats) -> pd.DataFrame:
    points = threshold_table(labels, scores)
    return _thinned(pd.DataFrame({"recall": points["recall"], "precision": points["precision"]}))


def _roc(labels: Bools, scores: Floats) -> pd.DataFrame:
    points = threshold_table(labels, scores)
    negatives = np.sort(scores[~labels])
    # at the thresholds of the table, so that both rates are of the same points
    fpr = 1 - np.searchsorted(negatives, points["threshold"]) / len(negatives)
    return _thinned(
        pd.DataFrame({"fpr": np.append(0.0, fpr), "tpr": np.append(0.0, points["recall"])})
    )


def _threshold_sweep(labels: Bools, scores: Floats) -> pd.DataFrame:
    rows = []
    # divided, because 7 * 0.01 is not 0.07
    for threshold in np.arange(101) / 100:
        counts = confusion(labels, scores, threshold)
        if counts.tp + counts.fp:  # without detections there is no precision to draw
            rows.append((threshold, counts.precision, counts.recall, counts.f1))
    return pd.DataFrame(rows, columns=["threshold", "precision", "recall", "f1"])


def _score_histogram(labels: Bools, scores: Floats) -> pd.DataFrame:
    tables = []
    for label, which in ((POSITIVE, labels), (NEGATIVE, ~labels)):
        counts = np.bincount(_bin_of(scores[which], HISTOGRAM_BINS), minlength=HISTOGRAM_BINS)
        edges = np.arange(HISTOGRAM_BINS) / HISTOGRAM_BINS
        tables.append(pd.DataFrame({"label": label, "bin": edges, "share": counts / which.sum()}))
    return pd.concat(tables, ignore_index=True)


def _reliability(labels: Bools, scores: Floats) -> pd.DataFrame:
    bins = pd.DataFrame(
        {"bin": _bin_of(scores, RELIABILITY_BINS), "score": scores, "label": labels}
    ).groupby("bin")
    return pd.DataFrame(
        {"mean_score": bins["score"].mean(), "observed": bins["label"].mean(), "n": bins.size()}
    ).reset_index(drop=True)


def _bin_of(scores: Floats, bins: int) -> NDArray[np.intp]:
    """Equal bins over [0, 1]; a score on an inner edge belongs to the upper one, 1 to the last."""
    return np.minimum((scores * bins).astype(np.intp), bins - 1)


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST_POINTS` points, spread evenly along the curve's length, its two ends among them."""
    if len(curve) <= MOST_POINTS:
        return curve
    steps = curve.diff().abs().sum(axis=1).to_numpy()
    wanted = np.linspace(0, steps.sum(), MOST_POINTS)
    nearest = np.searchsorted(np.cumsum(steps), wanted).clip(0, len(curve) - 1)
    # the ends are named, because rounding may put the last of these points short of the end
    keep = np.unique(np.concatenate([[0, len(curve) - 1], nearest[1:-1]]))
    return curve.iloc[keep].reset_index(drop=True)


_CURVES = {
    "pr": _pr,
    "roc": _roc,
    "threshold_sweep": _threshold_sweep,
    "score_histogram": _score_histogram,
    "reliability": _reliability,
}
