"""What a network is fed: examples standardised, upsampling of the rarer classes, and mixup."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.seeds import generator
from chorus.tasks.task import Labels
from chorus.training.examples import Examples
from chorus.training.options import HeadOptions, Upsampling

Features = NDArray[np.float32]
SMOTE_NEIGHBOURS = 5
SMOTE_ROWS = 8192  # of a class with more, a random sample of so many: neighbours cost the square of their number
_BLOCK = 256  # rows that are worked on at once
_COLUMNS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Rows:
    """What an epoch shows: standardised features (n, d), labels and clip ids (n,).

    Those after the first `own` were added by upsampling, and have the clip id of a row that they stem from.
    """

    features: Features
    labels: Labels
    clip_ids: NDArray[np.str_]
    own: int


def rows_of(part: Examples, options: HeadOptions, seed: int) -> tuple[Rows, Features, Features]:
    """The rows of these examples, standardised, and what upsampling adds to them.

    Returns:
        The rows; and the moments (d,) of each column that they were standardised by.
    """
    features = part.features
    mean, std = moments(features, options.std_floor)
    features, labels, origin = upsample(
        standardise(features, mean, std),
        part.labels,
        options.upsampling,
        options.upsampling_ratio,
        generator(seed, "train", "upsampling"),
    )
    return Rows(features, labels, part.clip_ids[origin], own=len(part)), mean, std


def standardise(features: Features, mean: Features, std: Features) -> Features:
    """Features (n, d) by these moments (d,): changed in place, for they may be gigabytes, and returned."""
    features -= mean
    features /= std
    return features


def moments(features: Features, floor: float) -> tuple[Features, Features]:
    """Mean of each column, and what its deviations are divided by: the root of its variance and of the floor's square.

    A constant column is divided by 1, and becomes 0 throughout.

    Args:
        features: (n, d).
        floor: in medians of the standard deviations of all columns that vary.
    """
    dimensions = features.shape[1]
    mean, std = np.empty(dimensions), np.empty(dimensions)
    # in double precision, and so a few columns at a time: all of them would be twice the embeddings
    for start in range(0, dimensions, _COLUMNS_AT_ONCE):
        columns = slice(start, start + _COLUMNS_AT_ONCE)
        mean[columns] = features[:, columns].mean(axis=0, dtype=np.float64)
        std[columns] = features[:, columns].std(axis=0, dtype=np.float64)
    # rounding leaves a constant column of large numbers a little spread, which is not to be blown up
    constant = std <= np.maximum(1e-6 * np.abs(mean), 1e-30)
    least = 0.0 if constant.all() else floor * float(np.median(std[~constant]))
    return mean.astype(np.float32), np.where(constant, 1.0, np.hypot(std, least)).astype(np.float32)


def upsample(
    features: Features,
    labels: NDArray[np.int64],
    mode: Upsampling,
    ratio: float,
    random: np.random.Generator,
) -> tuple[Features, NDArray[np.int64], NDArray[np.intp]]:
    """Add rows of the rarer classes until each has `ratio` times as many as the largest; the new rows come last.

    Args:
        features: (n, d). labels: (n,), numbers of classes.
        mode: "repeat" repeats rows; "mean" adds points halfway between two of them; "linear" anywhere between two;
            "smote" anywhere between a row and one of its five nearest neighbours (Chawla et al. 2002,
            doi:10.1613/jair.953), of at most `SMOTE_ROWS` random rows of the class.

    Returns:
        Features and labels with the new rows, and the old row (m,) that each of all rows stems from: itself, or the
        first of the two that a new one lies between.

    Raises:
        DataError: points between rows are asked for, but a class has a single row.
    """
    own = np.arange(len(labels))
    if mode == "none":
        return features, labels, own
    # a class without rows has none to draw from: it is left out below
    counts = np.bincount(labels)
    missing = {
        label: round(ratio * int(counts.max())) - int(counts[label])
        for label in np.flatnonzero(counts)
    }
    drawn = [
        _drawn(features, np.flatnonzero(labels == label), missing[label], mode, random)
        for label in missing
        if missing[label] > 0
    ]
    if not drawn:
        return features, labels, own
    first, second, place = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    # filled block by block: nothing beside the result is as large as it
    filled = np.empty((len(own) + len(first), features.shape[1]), features.dtype)
    filled[: len(own)] = features
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        filled[len(own) :][block] = blend(
            features[second[block]], features[first[block]], place[block]
        )
    origin = np.concatenate([own, first])
    return filled, labels[origin], origin


def _drawn(
    features: Features,
    rows: NDArray[np.intp],
    missing: int,
    mode: Upsampling,
    random: np.random.Generator,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """New points of one class, of which these are the rows: from which row, towards which row, and how far."""
    if mode != "repeat" and len(rows) < 2:
        raise DataError(
            f"upsampling by {mode!r} needs two rows of each class, but one has {len(rows)}"
        )
    if mode == "smote" and len(rows) > SMOTE_ROWS:
        rows = rows[random.choice(len(rows), SMOTE_ROWS, replace=False, shuffle=False)]
    first = random.integers(len(rows), size=missing)
    if mode == "repeat":
        return rows[first], rows[first], np.zeros(missing, dtype=np.float32)
    if mode == "smote":
        neighbours = nearest(features[rows], SMOTE_NEIGHBOURS)
        second = neighbours[first, random.integers(neighbours.shape[1], size=missing)]
    else:
        # some other row: the distance is never a whole turn
        second = (first + random.integers(1, len(rows), size=missing)) % len(rows)
    place = np.full(missing, 0.5) if mode == "mean" else random.random(missing)
    return rows[first], rows[second], place.astype(np.float32)


def nearest(points: Features, count: int) -> NDArray[np.intp]:
    """The nearest other rows of each row by Euclidean distance: (n, min(count, n - 1))."""
    count = min(count, len(points) - 1)
    # squares less products cancel most of their digits where rows are near each other
    exact = points.astype(np.float64)
    squares = np.einsum("nd,nd->n", exact, exact)
    found = []
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        distances = squares[block, None] + squares[None, :] - 2 * (exact[block] @ exact.T)
        here = np.arange(len(distances))
        # a row is no neighbour of itself
        distances[here, start + here] = np.inf
        # Rounded, so that the last digits of a matrix product, which vary with its threads, do not decide.
        order = np.argpartition(distances.astype(np.float32), count - 1, axis=1)
        found.append(order[:, :count].copy())  # a view would keep the whole order
    return np.concatenate(found)


def mixup_shares(count: int, alpha: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Shares for mixup of `count` rows in random order, where row i is blended with row count - 1 - i.

    Each pair has one share drawn from Beta(alpha, alpha) (Zhang et al. 2018, arXiv:1710.09412), applied both ways, so
    that the mean label of an epoch stays exactly what it was.
    """
    half = random.beta(alpha, alpha, size=(count + 1) // 2).astype(np.float32)
    return np.concatenate([half, half[: count // 2][::-1]])


def blend(rows: Features, partners: Features, shares: NDArray[np.float32]) -> Features:
    """`share` of each row and the rest from its partner: rows and partners (n,) or (n, d), shares (n,)."""
    weights = shares.reshape(-1, *[1] * (rows.ndim - 1))
    return partners + weights * (rows - partners)
