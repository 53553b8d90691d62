"""Whole nights held out of the training rows, so that early stopping does not judge by nights it learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError
from chorus.seeds import generator

TRIES = 8  # random orders of the nights; the hold-out nearest to the wanted share of each class is taken


def hold_out(
    labels: NDArray[np.int64],
    groups: NDArray[np.str_],
    classes: Sequence[str],
    share: float,
    seed: int,
) -> NDArray[np.bool_]:
    """Choose groups that hold about `share` of each class.

    Args:
        labels: (n,), numbers of classes. groups: str (n,), never torn apart. classes: the names of the classes.

    Returns:
        bool (n,): True where held out. All classes are on both sides.

    Raises:
        DataError: a class lives in fewer than two groups; or, of more than two classes, no division into two sides
            with all of them was found.
    """
    names, group_of = np.unique(groups, return_inverse=True)
    counts = np.stack(
        [np.bincount(group_of[labels == k], minlength=len(names)) for k in range(len(classes))],
        axis=1,
    )
    nights_with = (counts > 0).sum(axis=0)
    instead = "add nights, or let early stopping look at the validation split (validation: split)"
    if nights_with.min() < 2:
        rare = [
            f"{name} in {nights}"
            for name, nights in zip(classes, nights_with, strict=True)
            if nights < 2
        ]
        raise DataError(
            "an internal hold-out needs each class in two site-nights at least, but the training set has "
            f"{' and '.join(rare)}: {instead}"
        )
    total = counts.sum(axis=0)
    wanted = total * share
    # where nights are few, every random order may leave a side without a class: the smallest choice stands by
    random = generator(seed, "train", "holdout")
    choices = [_filled(counts, wanted, random.permutation(len(names))) for _ in range(TRIES)] + [
        _smallest(counts)
    ]
    held = [counts[choice].sum(axis=0) for choice in choices]
    usable = [
        number for number, part in enumerate(held) if (part > 0).all() and (part < total).all()
    ]
    if not usable:
        raise DataError(
            f"no division of the site-nights leaves all classes on both sides: {instead}"
        )
    best = min(usable, key=lambda number: _distance(held[number], wanted))
    return np.isin(group_of, np.flatnonzero(choices[best]))


def _filled(
    counts: NDArray[np.intp], wanted: NDArray[np.float64], order: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Groups in this order, each taken if that brings all classes together nearer to what is wanted."""
    chosen, held = np.zeros(len(counts), dtype=bool), np.zeros(counts.shape[1])
    for group in order:
        if _distance(held + counts[group], wanted) < _distance(held, wanted):
            chosen[group] = True
            held += counts[group]
    return chosen


def _smallest(counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The smallest group with all classes, or else the smallest that adds each class: of two classes, it never empties
    one of the rest."""
    sizes, has = counts.sum(axis=1), counts > 0
    order = np.argsort(sizes, kind="stable")
    chosen = np.zeros(len(counts), dtype=bool)
    complete = order[has[order].all(axis=1)]
    if len(complete):
        chosen[complete[0]] = True
        return chosen
    # the class in the fewest groups has the least choice, and comes first
    for kind in np.argsort(has.sum(axis=0), kind="stable"):
        if not has[chosen, kind].any():
            # a group whose classes are all heard in some other that is not taken
            leaves_all = (has[~chosen].sum(axis=0) > has[order]).all(axis=1)
            chosen[order[has[order, kind] & leaves_all][:1]] = True
    return chosen


def _distance(held: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    # by the share of each class, so that a rare one weighs as much as a frequent one
    return float(np.abs(held / wanted - 1).sum())
