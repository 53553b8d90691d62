"""What a head learns from, one example a window, and the nights that are held out of it.

Whole nights, so that early stopping does not judge by nights that were learned from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.seeds import generator
from chorus.tasks import DETECTION, Task
from chorus.tasks.task import Labels
from chorus.training.options import HeadOptions

_ROWS_AT_ONCE = 4096  # of features that are looked at: a few megabytes
TRIES = 8  # random orders of the nights; the hold-out nearest to the wanted share of each class is taken


@dataclass(frozen=True, eq=False)
class Examples:
    """Embedded windows with the labels of their clips.

    embeddings: float32 (m, d), a table that many examples share: a training set, what is held out of it, all clips of
        a survey. It may be gigabytes, so nothing of it is copied until somebody asks for `features`.
    labels: (n,), numbers as the task has them. groups: str (n,), the site-night that must stay together.
    clip_ids: str (n,); a clip of several windows is several examples, of one label and one group.
    task: what is to be learned.
    consistency_groups: str (n,), whose clips should not all get the same prediction (speaker, recorder; "": unknown);
        None: `groups`.
    rows: (n,), where in the table each example stands; None: it is the table's rows, one after the other.

    Raises:
        DataError: empty, of unequal lengths, not finite, rows of a clip that contradict each other, or labels that are
            none of the task.
    """

    embeddings: NDArray[np.float32]
    labels: Labels
    groups: NDArray[np.str_]
    clip_ids: NDArray[np.str_]
    task: Task = DETECTION
    consistency_groups: NDArray[np.str_] | None = None
    rows: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 2 or not self.embeddings.size or not len(self):
            raise DataError(
                "features must be a filled table of windows by dimensions, "
                f"not {len(self)} rows of {self.embeddings.shape}"
            )
        columns = (self.labels, self.groups, self.clip_ids, self.consistency_of)
        if any(np.shape(column) != (len(self),) for column in columns):
            raise DataError("features, labels, groups and clip_ids must have one row a window each")
        if self.embeddings.dtype != np.float32:
            raise DataError(f"features must be float32, not {self.embeddings.dtype}")
        self.task.refuse(self.labels)
        finite = [np.isfinite(features).all(axis=1) for features in self._blocks()]
        broken = np.flatnonzero(~np.concatenate(finite))
        if len(broken):
            clips = name_clips(np.unique(self.clip_ids[broken]).tolist())
            raise DataError(f"embeddings must be finite, but those of {clips} are not")
        # a clip on both sides of a hold-out, or of two classes, would spoil what is measured
        _, first, clip_of = np.unique(self.clip_ids, return_index=True, return_inverse=True)
        for name, column in (
            ("labels", self.labels),
            ("groups", self.groups),
            ("consistency groups", self.consistency_of),
        ):
            torn = column != column[first][clip_of]
            if torn.any():
                clips = name_clips(np.unique(self.clip_ids[torn]).tolist())
                raise DataError(
                    f"all windows of a clip must share its {name}, but those of {clips} differ"
                )

    def __len__(self) -> int:
        return len(self.embeddings) if self.rows is None else len(self.rows)

    @property
    def dimensions(self) -> int:
        """Of an embedding."""
        width: int = self.embeddings.shape[1]
        return width

    @property
    def features(self) -> NDArray[np.float32]:
        """The embedding of each example, (n, d): a copy of its own, which may be changed."""
        return self.embeddings.copy() if self.rows is None else self.embeddings[self.rows]

    @property
    def consistency_of(self) -> NDArray[np.str_]:
        """The group of each row for group consistency, (n,)."""
        return self.groups if self.consistency_groups is None else self.consistency_groups

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """Some of the examples, by mask or by number."""
        places = np.arange(len(self)) if self.rows is None else self.rows
        return Examples(
            self.embeddings,
            self.labels[rows],
            self.groups[rows],
            self.clip_ids[rows],
            self.task,
            self.consistency_of[rows],
            places[rows],
        )

    def ordered(self) -> Examples:
        """The examples in an order that does not depend on how they came: by clip id, then by content."""
        order = np.argsort(self.clip_ids, kind="stable")
        # windows of one clip have no name of their own; hashing is spared where each clip is one
        if len(np.unique(self.clip_ids)) < len(self):
            content = [
                hashlib.sha256(row.tobytes()).digest()
                for features in self._blocks()
                for row in features
            ]
            order = np.array(
                sorted(range(len(self)), key=lambda row: (self.clip_ids[row], content[row]))
            )
        return self.take(order)

    def first_windows(self) -> Examples:
        """One example a clip, in the order of `Task.of_clips`: for labels and groups of clips."""
        _, first = np.unique(self.clip_ids, return_index=True)
        return self.take(np.sort(first))

    def _blocks(self) -> Iterator[NDArray[np.float32]]:
        """The features, a few thousand rows at a time."""
        for start in range(0, len(self), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            yield self.embeddings[block if self.rows is None else self.rows[block]]


def counts(part: Examples | None) -> dict[str, Any]:
    """How many examples there are, of what their task counts, for a summary; None: there are no clips."""
    if part is None:
        return {"clips": 0}
    labels = part.first_windows().labels
    return {
        "clips": len(labels),
        **part.task.counts(labels),
        "windows": len(part),
        "nights": len(np.unique(part.groups)),
    }


def stopping_part(
    training: Examples, validation: Examples | None, options: HeadOptions, seed: int
) -> tuple[Examples, Examples | None, str, str]:
    """What to fit, what early stopping looks at (None: nothing), what that is called, and why it is not as asked."""
    note = ""
    if options.validation == "split":
        if validation is not None and validation.task.can_judge(validation.labels):
            return training, validation, "split", ""
        note = "early stopping cannot look at the validation split, which lacks a class; "
    try:
        strata, names = training.task.strata(training.labels)
        held = hold_out(strata, training.groups, names, options.internal_share, seed)
    except DataError as reason:  # said in the note, and in the verdict on the training
        note += f"all epochs were trained and the last one kept: {reason}"
        return training, None, "none", note
    if note:
        note += "nights were held out instead"
    return training.take(~held), training.take(held), "internal", note


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
    of_night = np.stack(
        [np.bincount(group_of[labels == k], minlength=len(names)) for k in range(len(classes))],
        axis=1,
    )
    nights_with = (of_night > 0).sum(axis=0)
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
    total = of_night.sum(axis=0)
    wanted = total * share
    # where nights are few, every random order may leave a side without a class: the smallest choice stands by
    random = generator(seed, "train", "holdout")
    choices = [_filled(of_night, wanted, random.permutation(len(names))) for _ in range(TRIES)] + [
        _smallest(of_night)
    ]
    held = [of_night[choice].sum(axis=0) for choice in choices]
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
