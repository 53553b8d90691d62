"""Two classifiers on clips that come in clusters: variants of one recording, clips of one speaker.

McNemar's test takes every row for a witness of its own. Twenty-two variants of one clip are not: they succeed and fail
together, and the naive p is too small (benchmarks/clusters.py measures by how much). Here whole clusters are exchanged
(a permutation test: under no effect, the answers of A and B to a cluster could as well have been swapped) or drawn
again (the cluster bootstrap: Davison & Hinkley, Bootstrap Methods and their Application, 1997, section 3.8).

The figure is balanced accuracy, the mean of the recalls of the classes: a guess is worth 1 / classes, however
frequent each class is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chorus.errors import DataError
from chorus.seeds import generator
from chorus.statistics.effects import sign_flip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RELIABLE_CLUSTERS = 20  # of each class; below, the bootstrap's interval is likely too narrow


@dataclass(frozen=True)
class Interval:
    """A balanced accuracy, or a difference of two, with its two-sided interval over clusters.

    reliable: every class has 20 clusters or more.
    """

    value: float
    low: float
    high: float
    reliable: bool


@dataclass(frozen=True)
class ClusterComparison:
    """A against B on the same rows.

    a, b: their balanced accuracies. difference: A - B. p: two-sided, by exchanging whole clusters.
    only_a, only_b: rows that only one has right: what McNemar's test counts.
    """

    rows: int
    clusters: int
    a: Interval
    b: Interval
    difference: Interval
    p: float
    only_a: int
    only_b: int


def compare_clusters(
    truth: ArrayLike,
    right_a: ArrayLike,
    right_b: ArrayLike,
    clusters: ArrayLike,
    *,
    resamples: int = 2000,
    draws: int = 2**16,
    seed: int = 1,
    level: float = 0.95,
) -> ClusterComparison:
    """Compare two classifiers by whole clusters.

    Args:
        truth: (n,), the class of each row. right_a, right_b: bool (n,). clusters: (n,), what each row was made from.
        resamples, seed: of the bootstrap. draws: of the permutation, see `sign_flip`.
        level: of the two-sided intervals.

    Raises:
        DataError: lists of other lengths, no rows, or fewer than two classes.
    """
    a, b = _bools(right_a), _bools(right_b)
    if len(a) != len(b):
        raise DataError(f"answers of two classifiers are paired by row, not {len(a)} and {len(b)}")
    table = _Counts.of(truth, np.stack([a, b]), clusters)
    figures = table.redrawn(resamples, seed)
    values = table.balanced(np.ones((1, table.size)))[0]
    whole = [
        table.interval(value, drawn, level)
        for value, drawn in zip(
            (*values, values[0] - values[1]),
            (*figures.T, figures[:, 0] - figures[:, 1]),
            strict=True,
        )
    ]
    return ClusterComparison(
        rows=len(a),
        clusters=table.size,
        a=whole[0],
        b=whole[1],
        difference=whole[2],
        # a cluster whose answers are exchanged keeps its rows, so that only the sign of its share turns
        p=sign_flip(table.shares_of_difference(), draws),
        only_a=int(np.sum(a & ~b)),
        only_b=int(np.sum(~a & b)),
    )


def balanced_accuracy(
    truth: ArrayLike,
    right: ArrayLike,
    clusters: ArrayLike,
    *,
    resamples: int = 2000,
    seed: int = 1,
    level: float = 0.95,
) -> Interval:
    """The balanced accuracy of one classifier, with its interval over clusters; see `compare_clusters`."""
    table = _Counts.of(truth, _bools(right)[None], clusters)
    value = float(table.balanced(np.ones((1, table.size)))[0, 0])
    return table.interval(value, table.redrawn(resamples, seed)[:, 0], level)


def cluster_draws(classes: NDArray[np.bool_], resamples: int, seed: int) -> Ints:
    """How often each cluster counts in each resample, (resamples, clusters).

    Clusters that hold the same classes are drawn among themselves, so that no resample lacks a class.

    Args:
        classes: (clusters, classes), which classes each cluster holds.
    """
    rng = generator(seed, "cluster bootstrap")
    drawn = np.zeros((resamples, len(classes)), np.int64)
    kinds, kind_of = np.unique(classes, axis=0, return_inverse=True)
    # Most clusters hold one class: speakers are drawn among speakers, noises among noises.
    for kind in range(len(kinds)):
        # numpy 2.0 gives the inverse of rows a second dimension, others do not
        members = np.flatnonzero(kind_of.ravel() == kind)
        even = np.full(len(members), 1 / len(members))
        drawn[:, members] = rng.multinomial(len(members), even, size=resamples)
    return drawn


@dataclass(frozen=True)
class _Counts:
    """rows: (clusters, classes). right: (methods, clusters, classes), how many of them are right."""

    rows: Floats
    right: Floats

    @classmethod
    def of(cls, truth: ArrayLike, right: NDArray[np.bool_], clusters: ArrayLike) -> _Counts:
        names, cluster_of = np.unique(np.asarray(clusters), return_inverse=True)
        classes, class_of = np.unique(np.asarray(truth), return_inverse=True)
        if not len(class_of) or len(class_of) != len(cluster_of) or len(class_of) != right.shape[1]:
            raise DataError(
                "clusters are compared by a truth, an answer and a cluster for each row, not"
                f" {len(class_of)}, {right.shape[1]} and {len(cluster_of)} of them"
            )
        if len(classes) < 2:
            raise DataError(f"balanced accuracy needs two classes, but all rows are {classes[0]}")
        # One number for each pair of cluster and class, so that one count gives the whole table.
        place = cluster_of.ravel() * len(classes) + class_of.ravel()
        shape, cells = (len(names), len(classes)), len(names) * len(classes)
        counted = [np.bincount(place, weights=each, minlength=cells) for each in right]
        rows = np.bincount(place, minlength=cells).astype(np.float64)
        right_counts = np.stack(counted).astype(np.float64)
        return cls(rows.reshape(shape), right_counts.reshape(-1, *shape))

    @property
    def size(self) -> int:
        """How many clusters there are."""
        return len(self.rows)

    def balanced(self, weights: Floats | Ints) -> Floats:
        """The balanced accuracy of each method where clusters count as often as `weights` (draws, clusters) says."""
        rows = weights @ self.rows
        recalls = np.einsum("dk,mkc->dmc", weights, self.right) / rows[:, None, :]
        return np.asarray(recalls.mean(axis=2))

    def redrawn(self, resamples: int, seed: int) -> Floats:
        """(resamples, methods)."""
        return self.balanced(cluster_draws(self.rows > 0, resamples, seed))

    def shares_of_difference(self) -> Floats:
        """What each cluster adds to the difference of the first two methods, (clusters,)."""
        of_class = (self.right[0] - self.right[1]) / self.rows.sum(axis=0)
        return np.asarray(of_class.mean(axis=1))

    def interval(self, value: float, drawn: Floats, level: float) -> Interval:
        low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
        least = int((self.rows > 0).sum(axis=0).min())
        return Interval(float(value), float(low), float(high), least >= RELIABLE_CLUSTERS)


def _bools(values: ArrayLike) -> NDArray[np.bool_]:
    given = np.asarray(values)
    # 0 and 1 would pass for answers, but ~ makes -1 and -2 of them
    if given.dtype != np.bool_ or given.ndim != 1:
        raise DataError(f"answers are right or wrong, one a row, not {given.dtype}{given.shape}")
    return given
