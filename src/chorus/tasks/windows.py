"""From the windows of a clip to the clip."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chorus.errors import DataError


def clip_scores(
    scores: NDArray[np.floating], clip_ids: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.floating]]:
    """A clip's score is the maximum over its windows: what is sought is heard somewhere in it.

    Args:
        scores: (n,), one a window.
        clip_ids: (n,), the clip of each window, by name or number.

    Returns:
        The clip ids in the order in which they are first seen, and their scores.

    Raises:
        DataError: not one clip id a score.
    """
    if np.shape(scores) != np.shape(clip_ids):
        raise DataError(
            f"each score needs one clip id, not {np.shape(clip_ids)} for {np.shape(scores)}"
        )
    _, first, clip_of = np.unique(clip_ids, return_index=True, return_inverse=True)
    highest = np.full(len(first), -np.inf, dtype=scores.dtype)
    # unbuffered: plain indexing would keep only the last window of each clip
    np.maximum.at(highest, clip_of, scores)
    # np.unique sorted the clips, but callers pair them with the order in which they were given
    seen = np.argsort(first)
    return clip_ids[first[seen]], highest[seen]


def clip_means(
    values: NDArray[np.float64], clip_ids: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """The mean over a clip's windows of each column: of what is a property of the whole clip.

    Args:
        values: (n, k), one row a window. clip_ids: (n,), the clip of each window, by name or number.

    Returns:
        The clip ids in the order in which they are first seen, and their means (clips, k).

    Raises:
        DataError: not one clip id a row.
    """
    if len(values) != len(clip_ids):
        raise DataError(f"each row needs one clip id, not {len(clip_ids)} for {len(values)}")
    _, first, clip_of = np.unique(clip_ids, return_index=True, return_inverse=True)
    # the same sums as np.add.at, in half of its time
    sums = np.stack([np.bincount(clip_of, weights=column) for column in values.T], axis=1)
    seen = np.argsort(first)
    return clip_ids[first[seen]], (sums / np.bincount(clip_of)[:, None])[seen]
