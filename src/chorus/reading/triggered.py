"""Triggered recordings of AudioMoth (T.WAV): what was below the threshold is not in the file, and is put back as zeros.

In its place stands a message of 256 samples: the bits of a 32-bit number as +1 and -1, then zeros. It stands for that
many times 256 samples (AudioMoth-Firmware-Basic, encodeCompressionBuffer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

_MESSAGE = 256  # samples
_BITS = 32
_MOST = 1 << 28  # messages' unit: more than two days at any rate is no message


def expand(blocks: Iterable[np.ndarray], full_scale: int = 32_768) -> Iterator[np.ndarray | int]:
    """One channel with its messages taken out.

    Args:
        blocks: float32 samples that are whole numbers times 1 / full_scale, each of shape (n,).

    Yields:
        Samples, or the number of samples of silence that come next.
    """
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        begin = 0
        for place, number in _messages(rest * full_scale):
            if place > begin:
                yield rest[begin:place]
            yield number * _MESSAGE
            begin = place + _MESSAGE
        # Behind it a message may begin that is not whole yet.
        settled = max(begin, len(rest) - _MESSAGE + 1)
        if settled > begin:
            yield rest[begin:settled]
        rest = rest[settled:]
    if len(rest):
        yield rest


def _messages(samples: np.ndarray) -> Iterator[tuple[int, int]]:
    """Where the whole messages among samples begin, and their numbers."""
    few = samples[:: (_MESSAGE - _BITS) // 2] == 0
    # The zeros of a message, all in a row, hold two of these: most sound ends here.
    if not (few[1:] & few[:-1]).any():
        return
    ones = _run_lengths(np.abs(samples) == 1, _BITS)
    zeros = _run_lengths(samples == 0, _MESSAGE - _BITS)
    if len(zeros) <= _BITS:
        return
    end = 0
    for place in np.flatnonzero(ones[: len(zeros) - _BITS] & zeros[_BITS:]).tolist():
        bits = samples[place : place + _BITS] > 0
        number = sum(1 << bit for bit in np.flatnonzero(bits).tolist())
        if place >= end and 0 < number < _MOST:
            yield place, number
            end = place + _MESSAGE


def _run_lengths(holds: np.ndarray, length: int) -> np.ndarray:
    """For each place whether something holds there and at the next ones, `length` in all."""
    sums = np.concatenate([[0], np.cumsum(holds)])
    return sums[length:] - sums[:-length] == length if len(holds) >= length else np.zeros(0, bool)
