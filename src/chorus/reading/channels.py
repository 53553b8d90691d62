"""Which channels of a recording are heard: not those that are dead, and not two that cancel each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

SILENCE = 2 / 32_768  # peak to peak: constant, or never more than the last bit away from a constant
_RAIL = 32_767 / 32_768
_DEAD = 1e-4  # power beside the loudest channel: 40 dB less is a plug without a microphone
_AT_RAIL = 0.5  # share of the samples at full scale: stuck there
# Power of the mean beside that of channels that have nothing to do with each other.
_CANCELLED = 0.5


@dataclass
class Levels:
    """What the channels hold, gathered block by block.

    Arrays have one value a channel; products is (channels, channels).
    """

    channels: int
    frames: int = 0
    low: np.ndarray = field(init=False)
    high: np.ndarray = field(init=False)
    sums: np.ndarray = field(init=False)
    products: np.ndarray = field(init=False)
    at_rail: np.ndarray = field(init=False)
    beyond: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.low = np.full(self.channels, np.inf)
        self.high = np.full(self.channels, -np.inf)
        self.sums = np.zeros(self.channels)
        self.products = np.zeros((self.channels, self.channels))
        self.at_rail = np.zeros(self.channels, np.int64)
        self.beyond = np.zeros(self.channels, np.int64)

    def add(self, block: np.ndarray) -> None:
        """Take in more samples, float32 (frames, channels), full scale at 1."""
        self.frames += len(block)
        low, high = block.min(axis=0), block.max(axis=0)
        self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)
        exact = block.astype(np.float64)
        self.sums += exact.sum(axis=0)
        # In one thread, unlike a product of matrices: the order of a sum is in its last digits.
        self.products += np.einsum("ij,ik->jk", exact, exact)
        if max(high.max(), -low.min()) < _RAIL:  # as nearly always: then nothing is counted below
            return
        size = np.abs(block)
        self.at_rail += (size >= _RAIL).sum(axis=0)
        self.beyond += (size > 1).sum(axis=0)

    @property
    def mean(self) -> np.ndarray:
        """Each channel's offset, full scale = 1."""
        mean: np.ndarray = self.sums / max(1, self.frames)
        return mean

    @property
    def covariance(self) -> np.ndarray:
        """Powers without the offset, and what the channels have in common."""
        covariance: np.ndarray = self.products / max(1, self.frames) - np.outer(
            self.mean, self.mean
        )
        return covariance

    @property
    def peak(self) -> np.ndarray:
        """Each channel's greatest distance from 0."""
        peak: np.ndarray = np.maximum(np.abs(self.low), np.abs(self.high))
        return peak


def choose(levels: Levels) -> tuple[list[int], str]:
    """The channels of which the mean is heard, and a remark when that is not all of them.

    Dead are those that are constant, or stuck at full scale in half of their samples, or 40 dB below the loudest. When
    the mean of the others has less than half the power of a mean of unrelated channels, they cancel each other, and the
    loudest one alone is heard.
    """
    power = np.diagonal(levels.covariance)
    moving = levels.high - levels.low > SILENCE
    stuck = levels.at_rail > _AT_RAIL * levels.frames
    candidates = moving & ~stuck
    if not candidates.any():
        return list(range(levels.channels)), ""
    heard = np.where(candidates, power, -1)
    # The first of equal ones, whatever the last digit.
    loudest = int(np.argmax(heard > heard.max() * (1 - 1e-9)))
    live = np.flatnonzero(candidates & (power > _DEAD * power[loudest]))
    if len(live) > 1:
        together = levels.covariance[np.ix_(live, live)].sum() / len(live) ** 2
        unrelated = power[live].sum() / len(live) ** 2
        if together < _CANCELLED * unrelated:
            return [
                loudest
            ], f"channels cancel: of {levels.channels} only the loudest, {loudest + 1}, is heard"
    if len(live) < levels.channels:
        dead = ", ".join(
            str(channel + 1) for channel in range(levels.channels) if channel not in live
        )
        return live.tolist(), f"dead channel: {dead} of {levels.channels}, left out"
    return live.tolist(), ""
