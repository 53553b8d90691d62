"""How a recording of any length is cut into windows: the same for a clip of 3 s as the pipeline cuts it.

Windows follow each other at the hop, which is their length less the overlap. One more window is heard
as long as `min_seconds` or more of the sound lie behind the one before it; what its end lacks is filled.
With an overlap of 0 that is the rule of the survey (`chorus.audio.windows`).

Long recordings are cut into pieces of `PIECE_WINDOWS` windows that are scored apart from each other. A
piece is decoded from a second before it on, so that the resampler's filter has settled where it begins:
pieces leave no seams.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from chorus.audio import Padding
from chorus.clips import SAMPLE_RATE
from chorus.encoders import Spec
from chorus.encoders.windows import at_rate
from chorus.errors import DataError, ParameterError
from chorus.reading import Recording

PIECE_WINDOWS = 256  # about 13 minutes of sound, and 4 seconds of work with BirdNET
_SETTLING = 1  # s
_SPARE = 0.05  # s: by so much may rounding, in many streams put together, shorten a recording
_TICKS = 1000  # overlaps are whole milliseconds: whole samples at any encoder's rate


@dataclass(frozen=True)
class Cutting:
    """window: length in s. overlap: of neighbouring windows, in s. padding, min_seconds: as in the survey's options.

    Raises:
        ParameterError: an overlap that leaves no step, or is no whole number of milliseconds.
    """

    window: int
    overlap: float = 0.0
    padding: Padding = "zeros"
    min_seconds: float = 0.5

    def __post_init__(self) -> None:
        # 1.001 s times 1000 is 1000.9999999999999.
        ticks = self.overlap * _TICKS
        if not 0 <= self.overlap < self.window or abs(ticks - round(ticks)) > 1e-6:
            allowed = f"from 0 to less than {self.window} seconds, in whole milliseconds"
            raise ParameterError(f"overlap: {self.overlap:g} is not allowed: {allowed}")

    @property
    def hop(self) -> float:
        """From the start of a window to that of the next, in s."""
        return round(self.window * _TICKS - self.overlap * _TICKS) / _TICKS

    def samples(self, seconds: float) -> int:
        """At the project's rate."""
        return round(seconds * SAMPLE_RATE)

    def count(self, seconds: float) -> int:
        """How many windows a recording of so many seconds has; one at least."""
        behind = self.samples(seconds) - self.samples(self.window) - self.min_seconds * SAMPLE_RATE
        return 1 if behind < 0 else 2 + int(behind // self.samples(self.hop))

    def starts(self, count: int) -> np.ndarray:
        """Where the windows begin, in seconds: float64 (count,)."""
        # Counted in whole milliseconds and divided once: hops of 0.1 s, added up, would be off in their last digits.
        return np.asarray(np.arange(count) * round(self.hop * _TICKS) / _TICKS)

    def pieces(self, seconds: float, divisible: bool) -> list[Piece]:
        """The pieces of a recording: of one that cannot be entered in the middle there is only one."""
        count = self.count(seconds)
        size = PIECE_WINDOWS if divisible else count
        firsts = range(0, count, size)
        return [Piece(first, min(size, count - first), first + size >= count) for first in firsts]

    def span(self, piece: Piece) -> tuple[int, float]:
        """From which second of a recording to which it is decoded for a piece; for the last one to its end."""
        onset = max(0, piece.first * self.samples(self.hop) // SAMPLE_RATE - _SETTLING)
        if piece.last:
            return onset, float("inf")
        end = (piece.first + piece.count - 1) * self.samples(self.hop) + self.samples(self.window)
        # More at the end too: the resampler's filter looks ahead. What is too much of it `_filled` cuts off.
        return onset, end / SAMPLE_RATE + 2 * _SETTLING


@dataclass(frozen=True)
class Piece:
    """Some windows of a recording: the number of the first, how many, and whether its last is among them."""

    first: int
    count: int
    last: bool


def windows(
    recording: Recording, piece: Piece, cutting: Cutting, spec: Spec
) -> Iterator[np.ndarray]:
    """The windows of a piece as the encoder hears them.

    Memory holds a window and a block of the file.

    Yields:
        float32 samples in [-1, 1) at the encoder's rate, shape (spec.window_samples,).

    Raises:
        DataError: the file cannot be read, or gives less than it did when it was examined.
    """
    onset, until = cutting.span(piece)
    before = piece.first * cutting.samples(cutting.hop) - onset * SAMPLE_RATE
    wanted = (
        before + (piece.count - 1) * cutting.samples(cutting.hop) + cutting.samples(cutting.window)
    )
    behind = 0 if piece.last else _SETTLING * SAMPLE_RATE
    blocks = _checked(recording, onset, until, wanted + behind)
    sound = at_rate(_filled(blocks, wanted, behind, cutting), SAMPLE_RATE, spec.sample_rate)
    per_second = spec.sample_rate / SAMPLE_RATE
    first, hop = round(before * per_second), round(cutting.hop * spec.sample_rate)
    yield from _cut(sound, first, spec.window_samples, hop, piece.count)


def _checked(recording: Recording, onset: int, until: float, most: int) -> Iterator[np.ndarray]:
    """The sound from one second to another, as whole as when it was examined, or its first `most` samples at least."""
    # A file that was cut off since it was examined ends early, and silence would be filled in for the rest.
    passed = 0
    for block in recording.blocks(onset, until):
        passed += len(block)
        yield block
    held = min(most, round((recording.seconds - onset) * SAMPLE_RATE))
    if passed < held - _SPARE * SAMPLE_RATE:
        ended = onset + passed / SAMPLE_RATE
        raise DataError(
            f"unreadable: it ended at {ended:.3f} of {recording.seconds:.3f} s when it was read to be scored"
        )


def _filled(
    blocks: Iterable[np.ndarray], wanted: int, behind: int, cutting: Cutting
) -> Iterator[np.ndarray]:
    """At least `wanted` samples, and no more than `behind` beyond them: what lacks is filled as the survey fills it."""
    length = cutting.samples(cutting.window)
    passed = 0
    tail = np.zeros(0, np.int16)  # of the last window, as far as it has come
    for block in blocks:
        block = block[: wanted + behind - passed]
        yield block
        begin = max(0, wanted - length - passed)
        tail = np.concatenate([tail, block[begin : max(begin, wanted - passed)]])
        passed += len(block)
        if passed >= wanted + behind:
            return
    if passed < wanted:
        filled = (
            np.resize(tail, length)
            if cutting.padding == "repeat"
            else np.pad(tail, (0, length - len(tail)))
        )
        yield filled[len(tail) :]


def _cut(
    blocks: Iterable[np.ndarray], start: int, length: int, hop: int, count: int
) -> Iterator[np.ndarray]:
    """`count` windows at every `hop` samples from `start` on; the last samples of a resampler may be short by a few."""
    waiting = np.zeros(0, np.float32)
    position = 0  # of the first sample that waits
    # With a window of zeros behind: what a resampler still owes at its end would cost the last window otherwise.
    for block in chain(blocks, [np.zeros(length, np.float32)]):
        waiting = np.concatenate([waiting, block])
        while count and start + length <= position + len(waiting):
            yield waiting[start - position : start - position + length]
            start += hop
            count -= 1
        gone = min(max(0, start - position), len(waiting))
        waiting = waiting[gone:]
        position += gone
        if not count:
            return
