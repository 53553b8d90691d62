"""Whole nights held out of the training rows, so that early stopping does not judge by nights it learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.seeds import generator

TRIES = 8  # random orders of the nights; the hold-out nearest to the wanted share of each class is taken


def hold_out(labels: NDArray[np.bool_], groups: NDArray[np.str_], share: float, seed: int) -> NDArray[np.bool_]:
    """Choose groups that hold about `share` of the positives and about `share` of the negatives.

    Args:
        labels: bool (n,). groups: str (n,), never torn apart.

    Returns:
        bool (n,): True where held out. Both classes are on both sides.

    Raises:
        DataError: a class lives in fewer than two groups.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    counts = np.stack([np.bincount(group_of[labels == label], minlength=len(names)) for label in (True, False)], axis=1)
    nights_with = (counts > 0).sum(axis=0)
    if nights_with.min() < 2:
        raise DataError(
            "an internal hold-out needs each class in two recorder-nights at least, but the training set has "
            f"positives in {nights_with[0]} and negatives in {nights_with[1]}: add nights, or let early stopping look "
            "at the validation split (validation: split)"
        )
    total = counts.sum(axis=0)
    wanted = total * share
    random = generator(seed, "train", "holdout")
    choices = [_filled(counts, wanted, random.permutation(len(names))) for _ in range(TRIES)] + [_smallest(counts)]
    held = [counts[choice].sum(axis=0) for choice in choices]
    usable = [number for number, part in enumerate(held) if (part > 0).all() and (part < total).all()]
    best = min(usable, key=lambda number: _distance(held[number], wanted))
    return np.isin(group_of, np.flatnonzero(choices[best]))


def _filled(counts: NDArray[np.intp], wanted: NDArray[np.float64], order: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Groups in this order, each taken if that brings both classes together nearer to what is wanted."""
    chosen, held = np.zeros(len(counts), dtype=bool), np.zeros(2)
    for group in order:
        if _distance(held + counts[group], wanted) < _distance(held, wanted):
            chosen[group] = True
            held += counts[group]
    return chosen


def _smallest(counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The smallest group with both classes, or else the smallest of each: it never empties a class of the rest."""
    sizes = counts.sum(axis=1)
    mixed = (counts > 0).all(axis=1)
    kinds = [mixed] if mixed.any() else [counts[:, 0] > 0, counts[:, 1] > 0]
    chosen = np.zeros(len(counts), dtype=bool)
    for kind in kinds:
        chosen[np.argmin(np.where(kind, sizes, sizes.sum() + 1))] = True
    return chosen


def _distance(held: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    return float(np.abs(held / wanted - 1).sum())
