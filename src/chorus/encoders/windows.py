"""Audio as an encoder hears it: at its own rate, in windows of its own length, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
import soxr

from chorus.encoders.interface import Spec

Item = TypeVar("Item")
_FULL_SCALE = 32_768


def windows(blocks: Iterable[np.ndarray], spec: Spec, *, sample_rate: int) -> Iterator[np.ndarray]:
    """Cut audio of any length; memory holds a window and a block of it.

    Args:
        blocks: int16 samples, one after the other, of any lengths.
        sample_rate: of the blocks, in Hz.

    Yields:
        float32 samples in [-1, 1), shape (spec.window_samples,). A last window that the audio does not fill ends in
        zeros; what is less than a millisecond, as resampling leaves it, is no window.
    """
    waiting = np.zeros(0, np.float32)
    for samples in at_rate(blocks, sample_rate, spec.sample_rate):
        waiting = np.concatenate([waiting, samples])
        while len(waiting) >= spec.window_samples:
            yield waiting[: spec.window_samples]
            waiting = waiting[spec.window_samples :]
    if len(waiting) > spec.sample_rate // 1000:
        yield np.pad(waiting, (0, spec.window_samples - len(waiting)))


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Items together, in lists of this size but for the last."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def at_rate(blocks: Iterable[np.ndarray], given: int, wanted: int) -> Iterator[np.ndarray]:
    """int16 blocks at one sample rate as float32 blocks in [-1, 1) at another, both in Hz."""
    floats = (block.astype(np.float32) / _FULL_SCALE for block in blocks)
    if given == wanted:
        yield from floats
        return
    resampler = soxr.ResampleStream(given, wanted, 1, dtype="float32", quality="HQ")
    for block in floats:
        yield resampler.resample_chunk(block)
    # What its filter still holds.
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
