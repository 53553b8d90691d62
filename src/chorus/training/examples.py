"""What a head learns from: one example a window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.tasks import DETECTION, Task
from chorus.tasks.task import Labels

_ROWS_AT_ONCE = 4096  # of features that are looked at: a few megabytes


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

    def columns(self, which: NDArray[np.intp]) -> NDArray[np.float32]:
        """Some neighbouring dimensions of each example, (n, w)."""
        # a slice is no copy: only the rows that are wanted are gathered
        part = self.embeddings[:, which[0] : which[-1] + 1]
        return part if self.rows is None else part[self.rows]

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
