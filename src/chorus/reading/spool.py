"""Decoded sound, kept for a while: a file that is dear to decode is examined and heard, and decoded once."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
import soundfile as sf

from chorus.reading.channels import Levels, choose
from chorus.reading.layout import Coding, Stream
from chorus.reading.recording import Part, Recording

MOST_BYTES = 400 << 20  # an hour of 16-bit mono at 48 kHz
_LEVELLED = 1 << 16  # frames at once


class Spool:
    """A temporary file without a name, which is gone when this is, however it ends.

    Its `add` is a listener of `chorus.reading.examine`. Of a recording that is longer than `most_bytes` it holds the
    sound behind what was dropped; places in it stay what they were.

    A disk without room for it is no fault of the recording: then nothing is kept, and what is heard is decoded twice.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._file: IO[bytes] = io.BytesIO()  # of no use, and there where no temporary file can be
        self._most = most_bytes
        self._begin, self._end = 0, 0  # the bytes of the decoded sound that are here
        self._coding: Coding | None = None
        self._channels: tuple[int, ...] = ()  # taken to count; none while nobody asked
        self._usable = True
        with self._given_up_if_refused():
            self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def takes(self, decoded: np.ndarray) -> bool:
        """Whether there is room for a block."""
        return self._end - self._begin + decoded.nbytes <= self._most

    def add(self, sound: sf.SoundFile, decoded: np.ndarray) -> None:
        """Keep a block, unless it is too much, or of another stream than the first."""
        coding = _coding(sound, decoded)
        alike = self._coding in (None, coding)
        self._usable = self._usable and alike and self.takes(decoded)
        if self._usable:
            self._coding = coding
            with self._given_up_if_refused():
                self._end += self._file.write(np.ascontiguousarray(decoded).data)
                self._file.flush()

    def drop(self, seconds: float) -> None:
        """Forget the sound before a time."""
        if self._coding is None:
            return
        begin = int(seconds * self._coding.rate) * self._coding.frame_bytes
        # Moved to the front, since no file can be cut off there; as much as is kept fits into memory, by `most_bytes`.
        with self._given_up_if_refused():
            self._file.seek(begin - self._begin)
            rest = self._file.read()
            self._file.seek(0)
            self._file.truncate()
            self._file.write(rest)
            self._file.flush()
            self._begin = begin

    def so_far(self) -> Recording | None:
        """What was added, while more is to come, as it will most likely be heard: the mean of the channels that counted
        when this was first asked, as loud as it is. None: not all of it is here, but for what was dropped."""
        if not self._usable or self._coding is None:
            return None
        if not self._channels:
            self._channels = self._choose(self._coding)
        frames, rate = self._end // self._coding.frame_bytes, self._coding.rate
        part = Part(self._stream(), self._channels, 1.0, False, frames, rate)
        return Recording(self._path(), (part,), frames / rate, ())

    def instead_of(self, examined: Recording) -> Recording | None:
        """The recording that has just been examined, decoded; None: not all of it is here.

        Sound may have been dropped only where it is heard as `so_far` said.
        """
        if not self._usable or self._coding is None or len(examined.parts) != 1:
            return None
        decoded = replace(examined.parts[0], stream=self._stream())
        so_far = self.so_far() if self._begin else None
        if so_far is not None and so_far.parts != (decoded,):
            return None
        return replace(examined, path=self._path(), parts=(decoded,))

    def _choose(self, coding: Coding) -> tuple[int, ...]:
        """Which channels count in what is here: a plug without a microphone is dead from the beginning."""
        if coding.channels == 1:
            return (0,)
        levels = Levels(coding.channels)
        with self._path().open("rb") as file, self._stream().open(file) as sound:
            # A sixteenth of it tells as much, and costs nothing beside the scoring.
            for first in range(0, sound.frames, 16 * _LEVELLED):
                sound.seek(first)
                levels.add(sound.read(_LEVELLED, dtype="float32", always_2d=True))
        return tuple(choose(levels)[0])

    def _stream(self) -> Stream:
        """Of what was dropped nothing is read: in its place stand any bytes."""
        return Stream(((0, self._begin), (0, self._end - self._begin)), coding=self._coding)

    def _path(self) -> Path:
        # By this path Linux opens the file anew, with a position of its own, and without what is in Python's buffer:
        # that is why whoever writes also flushes.
        return Path(f"/dev/fd/{self._file.fileno()}")

    @contextmanager
    def _given_up_if_refused(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self._usable = False
            self._close()

    def _close(self) -> None:
        # What could not be written is tried once more at the end, and refused once more.
        with suppress(OSError):
            self._file.close()


def _coding(sound: sf.SoundFile, decoded: np.ndarray) -> Coding:
    subtype = "PCM_16" if decoded.dtype == np.int16 else "FLOAT"
    frame_bytes = decoded.itemsize * sound.channels
    return Coding(sound.samplerate, sound.channels, subtype, "LITTLE", frame_bytes)
