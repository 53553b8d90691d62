"""What a head learns from: one row a window."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError
from chorus.tasks import DETECTION, Task
from chorus.tasks.task import Labels


@dataclass(frozen=True, eq=False)
class Examples:
    """Embedded windows with the labels of their clips.

    features: float32 (n, d). labels: (n,), numbers as the task has them. groups: str (n,), the site-night that must
    stay together. clip_ids: str (n,); a clip of several windows has several rows, of one label and one group.
    task: what is to be learned.
    consistency_groups: str (n,), whose clips should not all get the same prediction (speaker, recorder; "": unknown);
        None: `groups`.

    Raises:
        DataError: empty, of unequal lengths, not finite, rows of a clip that contradict each other, or labels that are
            none of the task.
    """

    features: NDArray[np.float32]
    labels: Labels
    groups: NDArray[np.str_]
    clip_ids: NDArray[np.str_]
    task: Task = DETECTION
    consistency_groups: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not self.features.size:
            raise DataError(
                f"features must be a filled table of windows by dimensions, not {self.features.shape}"
            )
        columns = (self.labels, self.groups, self.clip_ids, self.consistency_of)
        if any(np.shape(column) != (len(self),) for column in columns):
            raise DataError("features, labels, groups and clip_ids must have one row a window each")
        if self.features.dtype != np.float32:
            raise DataError(f"features must be float32, not {self.features.dtype}")
        self.task.refuse(self.labels)
        broken = np.flatnonzero(~np.isfinite(self.features).all(axis=1))
        if len(broken):
            clips = name_clips(np.unique(self.clip_ids[broken]).tolist())
            raise DataError(f"embeddings must be finite, but those of {clips} are not")
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
        return len(self.features)

    @property
    def consistency_of(self) -> NDArray[np.str_]:
        """The group of each row for group consistency, (n,)."""
        return self.groups if self.consistency_groups is None else self.consistency_groups

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """Some of the rows, by mask or by number."""
        return Examples(
            self.features[rows],
            self.labels[rows],
            self.groups[rows],
            self.clip_ids[rows],
            self.task,
            self.consistency_of[rows],
        )

    def ordered(self) -> Examples:
        """The rows in an order that does not depend on how they came: by clip id, then by content."""
        order = np.argsort(self.clip_ids, kind="stable")
        if len(np.unique(self.clip_ids)) < len(self):
            content = [hashlib.sha256(row.tobytes()).digest() for row in self.features]
            order = np.array(
                sorted(range(len(self)), key=lambda row: (self.clip_ids[row], content[row]))
            )
        in_order = (order == np.arange(len(self))).all()
        return self if in_order else self.take(order)  # a copy may be gigabytes

    def first_windows(self) -> Examples:
        """One row a clip, in the order of `Task.of_clips`: for labels and groups of clips."""
        _, first = np.unique(self.clip_ids, return_index=True)
        return self.take(np.sort(first))
