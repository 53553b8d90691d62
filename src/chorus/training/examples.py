"""What a head learns from: one row a window. What it is judged by: one score a clip."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus.clips import BINARY, name_clips
from chorus.errors import DataError


@dataclass(frozen=True, eq=False)
class Examples:
    """Embedded windows with the labels of their clips.

    features: float32 (n, d). labels: int64 (n,), numbers of classes. groups: str (n,), the recorder and night that must
    stay together. clip_ids: str (n,); a clip of several windows has several rows, of one label and one group.
    classes: the names of the classes, by number. Two are always called negative and positive.
    consistency_groups: str (n,), whose clips should not all get the same prediction (speaker, recorder; "": unknown);
        None: `groups`.

    Raises:
        DataError: empty, of unequal lengths, not finite, rows of a clip that contradict each other, or labels that are
            no numbers of classes.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    clip_ids: NDArray[np.str_]
    classes: tuple[str, ...] = BINARY
    consistency_groups: NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or not self.features.size:
            raise DataError(f"features must be a filled table of windows by dimensions, not {self.features.shape}")
        columns = (self.labels, self.groups, self.clip_ids, self.consistency_of)
        if any(np.shape(column) != (len(self),) for column in columns):
            raise DataError("features, labels, groups and clip_ids must have one row a window each")
        if self.features.dtype != np.float32:
            raise DataError(f"features must be float32, not {self.features.dtype}")
        if len(set(self.classes)) < max(2, len(self.classes)) or (len(self.classes) == 2 and self.classes != BINARY):
            raise DataError(f"classes must be {' and '.join(BINARY)}, or three and more names, not {self.classes}")
        if self.labels.dtype != np.int64 or self.labels.min() < 0 or self.labels.max() >= len(self.classes):
            raise DataError(f"labels must be numbers of classes (int64), from 0 to {len(self.classes) - 1}")
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
                raise DataError(f"all windows of a clip must share its {name}, but those of {clips} differ")

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
            self.classes,
            self.consistency_of[rows],
        )

    def ordered(self) -> Examples:
        """The rows in an order that does not depend on how they came: by clip id, then by content."""
        order = np.argsort(self.clip_ids, kind="stable")
        if len(np.unique(self.clip_ids)) < len(self):
            content = [hashlib.sha256(row.tobytes()).digest() for row in self.features]
            order = np.array(sorted(range(len(self)), key=lambda row: (self.clip_ids[row], content[row])))
        in_order = (order == np.arange(len(self))).all()
        return self if in_order else self.take(order)  # a copy may be gigabytes

    def first_windows(self) -> Examples:
        """One row a clip, in the order of `clip_scores`: for labels and groups of clips."""
        _, first = np.unique(self.clip_ids, return_index=True)
        return self.take(np.sort(first))


def clip_scores(scores: NDArray[np.floating], clip_ids: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.floating]]:
    """A clip's score is the maximum over its windows.

    Args:
        scores: (n,), one a window.
        clip_ids: (n,), the clip of each window, by name or number.

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


def clip_probabilities(
    probabilities: NDArray[np.float64], clip_ids: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """A clip's probabilities of the classes.

    Of two classes, positive means that it is heard somewhere: the clip's is the maximum over its windows. One of more
    classes is a property of the whole clip: each class gets its mean over the windows.

    Args:
        probabilities: (n, k), one row a window. clip_ids: (n,), the clip of each window, by name or number.

    Returns:
        The clip ids in the order of `clip_scores`, and their probabilities (clips, k).

    Raises:
        DataError: not one clip id a row.
    """
    if probabilities.shape[1] == 2:
        ids, positive = clip_scores(probabilities[:, 1], clip_ids)
        return ids, np.stack([1 - positive, positive], axis=1)
    if len(probabilities) != len(clip_ids):
        raise DataError(f"each row needs one clip id, not {len(clip_ids)} for {len(probabilities)}")
    _, first, clip_of = np.unique(clip_ids, return_index=True, return_inverse=True)
    sums = np.stack([np.bincount(clip_of, weights=column) for column in probabilities.T], axis=1)
    seen = np.argsort(first)
    return clip_ids[first[seen]], (sums / np.bincount(clip_of)[:, None])[seen]
