"""Clips that hold the same sound under two names: what a hash of the audio no longer sees.

Copies share rare words of their fingerprints (`chorus.prints`) at one offset, so a sorted list of words finds the
pairs worth a look; 3 s around the shared word are then compared bit by bit. All of it is whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from chorus.prints import FRAMES_A_WINDOW, SILENT, Prints

# From which share of equal bits on two stretches are one sound: benchmarks/near_copies.py measures both kinds of error.
SIMILARITY = 0.75  # of a second or more that is heard in both
SHORT_SIMILARITY = 0.90  # of less: two people's "seven" agree in up to 0.82
_SECOND = FRAMES_A_WINDOW // 3
_LEAST = 10  # frames: half a second of sound
_AROUND = FRAMES_A_WINDOW // 2  # frames on each side of a shared word
# In the list of equal words: of more copies than that, each is found by way of others.
_NEIGHBOURS = 4
_AT_ONCE = 20_000  # pairs compared in one piece of work
# Knuth's multiplier (2^32 by the golden ratio): which words are looked up depends on all their bits.
_MIX = np.uint32(2_654_435_769)

Ints = NDArray[np.int64]


def copies(prints: Prints) -> pd.DataFrame:
    """Pairs of clips with the same sound.

    Returns:
        a, b (clip ids, a < b), similarity (share of equal bits, 1 for windows that are byte for byte the same) and
        exact (whether a whole window is), one row a pair, sorted.
    """
    rows = [np.empty((0, 4), dtype=np.int64)]
    for first, second in _shared_windows(prints):
        rows.append(
            np.stack(
                [first, second, np.full(len(first), 10_000), np.ones(len(first), dtype=np.int64)],
                axis=1,
            )
        )
    for first, second, similarity in _similar(prints):
        rows.append(
            np.stack([first, second, similarity, np.zeros(len(first), dtype=np.int64)], axis=1)
        )
    first, second, similarity, exact = np.concatenate(rows).T
    one, other = prints.clip_ids[first], prints.clip_ids[second]
    found = pd.DataFrame(
        {
            "a": np.where(one < other, one, other),
            "b": np.where(one < other, other, one),
            "similarity": similarity / 10_000,
            "exact": exact.astype(bool),
        }
    )
    # A pair is met at each word that it shares; the place where it is most alike counts.
    return found.groupby(["a", "b"], as_index=False).max()


def _shared_windows(prints: Prints) -> Iterator[tuple[Ints, Ints]]:
    """Neighbours among the windows of equal content, as rows of clips."""
    clip = np.repeat(np.arange(len(prints.windows)), prints.windows)
    # 0 stands for windows that hold a constant: all silences are alike, and no copies.
    heard = prints.contents != 0
    clip, contents = clip[heard], prints.contents[heard]
    order = np.lexsort((clip, contents))
    clip, contents = clip[order], contents[order]
    same = (contents[1:] == contents[:-1]) & (clip[1:] != clip[:-1])
    yield clip[:-1][same], clip[1:][same]


def _similar(prints: Prints) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Rows of clips that agree around a shared word, with the share of equal bits in ten thousandths."""
    ends = np.cumsum(prints.windows) * FRAMES_A_WINDOW
    starts = ends - prints.windows * FRAMES_A_WINDOW
    listed = _listed(prints.words)
    word = listed >> np.uint64(32)
    for distance in range(1, _NEIGHBOURS + 1):
        equal = np.flatnonzero(word[distance:] == word[:-distance])
        for begin in range(0, len(equal), _AT_ONCE):
            here = equal[begin : begin + _AT_ONCE]
            one, other = _frame(listed[here]), _frame(listed[here + distance])
            first = np.searchsorted(ends, one, side="right")
            second = np.searchsorted(ends, other, side="right")
            # A frog calls more than once: within one clip the same sound is no copy.
            apart = first != second
            first, second, one, other = first[apart], second[apart], one[apart], other[apart]
            before = np.minimum(np.minimum(one - starts[first], other - starts[second]), _AROUND)
            after = np.minimum(np.minimum(ends[first] - one, ends[second] - other), _AROUND + 1)
            similarity, compared = _agreement(prints.words, one, other, before, after)
            wanted = np.where(compared >= _SECOND, SIMILARITY * 10_000, SHORT_SIMILARITY * 10_000)
            alike = (similarity >= wanted) & (compared >= _LEAST)
            yield first[alike], second[alike], similarity[alike]


def _listed(words: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The words that are looked up, one in four, sorted, each with its place: word << 32 | place."""
    wanted = (words * _MIX) >> np.uint32(30) == 0
    wanted &= words != SILENT
    place = np.flatnonzero(wanted)
    listed = words[place].astype(np.uint64) << np.uint64(32)
    listed |= place.astype(np.uint64)
    listed.sort()
    return listed


def _frame(listed: NDArray[np.uint64]) -> Ints:
    return (listed & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _agreement(
    words: NDArray[np.uint32], one: Ints, other: Ints, before: Ints, after: Ints
) -> tuple[Ints, Ints]:
    """The share of equal bits, in ten thousandths, where both are heard; and how many frames that are."""
    step = np.arange(-_AROUND, _AROUND + 1)
    # All pairs at once: what lies outside is compared with whatever stands there, and not counted.
    inside = (step >= -before[:, None]) & (step < after[:, None])
    last = len(words) - 1
    a = words[np.clip(one[:, None] + step, 0, last)]
    b = words[np.clip(other[:, None] + step, 0, last)]
    inside &= (a != SILENT) & (b != SILENT)
    compared = inside.sum(axis=1)
    differ = np.where(inside, np.bitwise_count(a ^ b), 0).sum(axis=1, dtype=np.int64)
    return 10_000 - differ * 10_000 // np.maximum(32 * compared, 1), compared
