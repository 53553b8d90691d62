"""Decoded sound, kept for a while: a file that is dear to decode is examined and heard, and decoded once."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf

from chorus.reading.layout import Coding, Stream
from chorus.reading.recording import Recording

MOST_BYTES = (
    400 << 20
)  # an hour of 16-bit mono at 48 kHz; longer ones are decoded again, piece by piece


class Spool:
    """A temporary file without a name, which is gone when this is, however it ends.

    Its `add` is a listener of `chorus.reading.examine`.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this
        self._most, self._held = most_bytes, 0
        self._coding: Coding | None = None
        self._usable = True

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, sound: sf.SoundFile, decoded: np.ndarray) -> None:
        """Keep a block, unless it is too much, or of another stream than the first."""
        coding = _coding(sound, decoded)
        alike = self._coding in (None, coding)
        self._usable = self._usable and alike and self._held + decoded.nbytes <= self._most
        if self._usable:
            self._coding = coding
            self._held += self._file.write(np.ascontiguousarray(decoded).data)

    def instead_of(self, examined: Recording) -> Recording | None:
        """The recording that has just been examined, decoded; None: not all of it is here."""
        if not self._usable or self._coding is None or len(examined.parts) != 1:
            return None
        self._file.flush()
        stream = Stream(((0, self._held),), coding=self._coding)
        (part,) = examined.parts
        path = Path(f"/dev/fd/{self._file.fileno()}")
        return replace(examined, path=path, parts=(replace(part, stream=stream),))


def _coding(sound: sf.SoundFile, decoded: np.ndarray) -> Coding:
    subtype = "PCM_16" if decoded.dtype == np.int16 else "FLOAT"
    frame_bytes = decoded.itemsize * sound.channels
    return Coding(sound.samplerate, sound.channels, subtype, "LITTLE", frame_bytes)
