"""What a head learns from: one row a window. What it is judged by: one score a clip."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chorus.clips import name_clips
from chorus.errors import DataError


@dataclass(frozen=True, eq=False)
class Examples:
    """Embedded windows with the labels of their clips.

    features: float32 (n, d). labels: bool (n,), True is positive. groups: str (n,), the recorder and night that must
    stay together. clip_ids: str (n,); a clip of several windows has several rows, of one label and one group.

    Raises:
        DataError: empty, of unequal lengths, not finite, or rows of a clip that contradict each other.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.bool_]
    groups: NDArray[np.str_]
    clip_ids: NDArray[np.str_]

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not self.features.size:
            raise DataError(f"features must be a filled table of windows by dimensions, not {self.features.shape}")
        columns = (self.labels, self.groups, self.clip_ids)
        if any(np.shape(column) != (len(self),) for column in columns):
            raise DataError("features, labels, groups and clip_ids must have one row a window each")
        if self.features.dtype != np.float32:
            raise DataError(f"features must be float32, not {self.features.dtype}")
        if self.labels.dtype != np.bool_:
            raise DataError(f"labels must be true or false, not {self.labels.dtype}")
        broken = np.flatnonzero(~np.isfinite(self.features).all(axis=1))
        if len(broken):
            clips = name_clips(np.unique(self.clip_ids[broken]).tolist())
            raise DataError(f"embeddings must be finite, but those of {clips} are not")
        _, first, clip_of = np.unique(self.clip_ids, return_index=True, return_inverse=True)
        for name, column in (("labels", self.labels), ("groups", self.groups)):
            torn = column != column[first][clip_of]
            if torn.any():
                clips = name_clips(np.unique(self.clip_ids[torn]).tolist())
                raise DataError(f"all windows of a clip must share its {name}, but those of {clips} differ")

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Examples:
        """Some of the rows, by mask or by number."""
        return Examples(self.features[rows], self.labels[rows], self.groups[rows], self.clip_ids[rows])

    def ordered(self) -> Examples:
        """The rows in an order that does not depend on how they came: by clip id, then by content."""
        order = np.argsort(self.clip_ids, kind="stable")
        if len(np.unique(self.clip_ids)) < len(self):
            content = [hashlib.sha256(row.tobytes()).digest() for row in self.features]
            order = np.array(sorted(range(len(self)), key=lambda row: (self.clip_ids[row], content[row])))
        return self.take(order)

    def clip_labels(self) -> NDArray[np.bool_]:
        """The labels of the clips, in the order of `clip_scores`."""
        _, first = np.unique(self.clip_ids, return_index=True)
        return self.labels[np.sort(first)]


def clip_scores(
    scores: NDArray[np.floating], clip_ids: NDArray[np.str_]
) -> tuple[NDArray[np.str_], NDArray[np.floating]]:
    """A clip's score is the maximum over its windows.

    Args:
        scores: (n,), one a window.
        clip_ids: (n,), the clip of each window.

    Returns:
        The clip ids in the order in which they are first seen, and their scores.

    Raises:
        DataError: not one clip id a score.
    """
    if np.shape(scores) != np.shape(clip_ids):
        raise DataError(f"each score needs one clip id, not {np.shape(clip_ids)} for {np.shape(scores)}")
    _, first, clip_of = np.unique(clip_ids, return_index=True, return_inverse=True)
    highest = np.full(len(first), -np.inf, dtype=scores.dtype)
    np.maximum.at(highest, clip_of, scores)
    seen = np.argsort(first)
    return clip_ids[first[seen]], highest[seen]
