"""What lies where in an audio file: the pieces that a decoder can read from end to end.

The decoder believes the header. Recorders that lose power, writers to pipes, files beyond 4 GB and files put together
with cat leave headers that are wrong about what follows; so the bytes themselves are looked at first.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import soundfile as sf

from chorus.errors import DataError
from chorus.spans import Span, Spans

_BUFFER = 1 << 20  # bytes
TOLERATED = 512  # bytes: a header that counts itself in is no missing sound


@dataclass(frozen=True)
class Coding:
    """Samples that lie side by side in bytes, without a header; names as in `soundfile`."""

    rate: int  # Hz
    channels: int
    subtype: str  # PCM_16, FLOAT, ...
    endian: str  # LITTLE or BIG
    frame_bytes: int
    spare_bits: int = 0


@dataclass(frozen=True)
class Stream:
    """A piece of a file that a decoder reads from end to end.

    pieces: where its bytes lie, with others in place of those that are wrong.
    coding: of bare samples; None when the piece has a header.
    spare_bits: of each sample, which the header says hold no sound.
    md5: of the samples, by the header; empty when it says nothing.
    """

    pieces: tuple[Span | bytes, ...]
    coding: Coding | None = None
    spare_bits: int = 0
    md5: bytes = b""

    def open(self, file: BinaryIO) -> sf.SoundFile:
        """The piece as an open sound file.

        Raises:
            soundfile.LibsndfileError: it cannot be read.
            OSError: the disk cannot.
        """
        # libsndfile asks for 8 kB at a time.
        view = _View(Spans(file, self.pieces), _BUFFER)
        if self.coding is None:
            return _Sound(view)
        return _Sound(
            view,
            samplerate=self.coding.rate,
            channels=self.coding.channels,
            subtype=self.coding.subtype,
            endian=self.coding.endian,
            format="RAW",
        )


class _View(io.BufferedReader):
    """Bytes for libsndfile, whose callbacks raise nothing: what goes wrong ends the file, and is kept in `failed`."""

    failed: OSError | None = None

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; returns the number of bytes."""
        try:
            return super().readinto(buffer)
        except OSError as error:
            self.failed = error
            return 0


class _Sound(sf.SoundFile):  # type: ignore[misc]
    """A sound file whose end is not that of a disk that failed."""

    def __init__(self, view: _View, **settings: Any) -> None:
        with _not_failed(view):
            super().__init__(view, **settings)

    def read(self, *given: Any, **named: Any) -> Any:
        """As that of soundfile."""
        with _not_failed(self.name):
            return super().read(*given, **named)


@contextmanager
def _not_failed(view: _View) -> Iterator[None]:
    """Whatever the decoder makes of a read that failed, the read's error is the one that is told."""
    try:
        yield
    except sf.LibsndfileError:
        if view.failed is None:
            raise
    if view.failed is not None:
        raise view.failed


@dataclass(frozen=True)
class Layout:
    """streams: one or more, to be heard one after the other; remarks: what was found wrong and mended."""

    streams: tuple[Stream, ...]
    remarks: tuple[str, ...] = ()


def whole(size: int) -> Layout:
    """A file of `size` bytes that is left to the decoder as it is."""
    return Layout((Stream(((0, size),)),))


def bare_samples(
    coding: Coding | None,
    start: int,
    promised: int,
    end: int,
    *,
    native: Stream | None,
    unknown: bool,
) -> Layout:
    """Samples from byte `start` on, of which the header promises another number than there are, or not.

    Args:
        coding: None when the samples are compressed, so that nothing can be mended.
        promised: bytes, according to the header.
        end: the byte behind the samples, according to the file.
        native: what to read when header and file agree; None to read the bare samples then too.
        unknown: the header leaves the length open.

    Raises:
        DataError: the file is cut off, or the disagreement cannot be mended.
    """
    held = end - start
    agree = (not unknown and 0 <= promised - held <= TOLERATED) or promised == held
    if agree and native is not None:
        return Layout((native,))
    if coding is None and (unknown or held > promised):
        raise DataError(
            f"header and file disagree: {promised:,} bytes promised, {held:,} held, of compressed sound"
        )
    if coding is None:
        raise DataError(f"cut off: {held:,} of {promised:,} bytes are in the file")
    per_second = coding.rate * coding.frame_bytes
    if not unknown and promised - held > TOLERATED:
        raise DataError(
            f"cut off: {held / per_second:.3f} of {promised / per_second:.3f} s are in the file "
            f"({held:,} of {promised:,} bytes)"
        )
    # The power may have failed within a frame: what is there of it is no sound.
    held -= held % coding.frame_bytes
    stream = Stream(((start, start + held),), coding=coding, spare_bits=coding.spare_bits)
    if agree:
        return Layout((stream,))
    said = "no length" if unknown else f"{promised / per_second:.3f} s"
    return Layout(
        (stream,), (f"header wrong: it says {said}, {held / per_second:.3f} s were read",)
    )


def is_open_end(promised: int, bits: int = 32) -> bool:
    """Whether a size means "not known yet": 0, or about the most that fits (some writers take headers off it)."""
    return promised <= 0 or any(abs(2**power - promised) <= 4096 for power in (bits, bits - 1))
