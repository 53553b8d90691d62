"""PCM as the project keeps it (mono, 48 kHz, 16 bit, whole 3-s windows), and to FLAC and back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile as sf

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.errors import DataError
from chorus.files import replacing

Padding = Literal["zeros", "repeat"]

_FULL_SCALE = 32_768


@dataclass(frozen=True)
class Heard:
    """Sound as it comes: int16 blocks at 48 kHz, each of shape (n,), and what was noticed about it ("kind: words")."""

    blocks: Iterable[np.ndarray]
    remarks: tuple[str, ...] = ()


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """Samples in [-1, 1] as int16 of the same shape: rounded (halves to even), and clipped beyond full scale."""
    # Clipped after it is scaled: full scale itself, 1.0, is one step beyond the largest int16.
    return np.clip(
        np.rint(samples * np.float32(_FULL_SCALE)), -_FULL_SCALE, _FULL_SCALE - 1
    ).astype(np.int16)


def windows(
    blocks: Iterable[np.ndarray], padding: Padding, min_seconds: float
) -> Iterator[tuple[np.ndarray, int]]:
    """Whole 3-s windows of PCM that comes in blocks; no more than a window and a block lie in memory.

    Audio of less than one window is padded. The end of longer audio that fills no window is padded too when it lasts
    `min_seconds` or more, and is dropped otherwise.

    Args:
        blocks: int16, each of shape (n,); how long they are does not show.
        padding: "zeros" adds silence, "repeat" repeats what the incomplete window holds.

    Yields:
        A window, shape (144000,), and how many of its samples were not added to fill it.
    """
    rest = np.zeros(0, np.int16)
    count = 0
    for block in blocks:
        rest = np.concatenate([rest, block])
        whole = len(rest) // WINDOW_SAMPLES * WINDOW_SAMPLES
        for window in rest[:whole].reshape(-1, WINDOW_SAMPLES):
            yield window, WINDOW_SAMPLES
        count += whole
        rest = rest[whole:]
    if len(rest) and (not count or len(rest) >= min_seconds * SAMPLE_RATE):
        missing = WINDOW_SAMPLES - len(rest)
        # The function np.resize repeats; the method of the same name would fill with zeros.
        yield (
            np.resize(rest, WINDOW_SAMPLES) if padding == "repeat" else np.pad(rest, (0, missing)),
            len(rest),
        )


def is_silent(pcm: np.ndarray) -> bool:
    """Digital silence: int16 samples that are constant, or never more than the last bit away from a constant."""
    # As Python's integers: the difference of two int16 may need a bit more.
    return int(pcm.max()) - int(pcm.min()) <= 2


def sha256(pcm: np.ndarray) -> str:
    """The hash that names audio by its content: of the samples as little-endian 16-bit integers."""
    return hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()


def encode_flac(pcm: np.ndarray, rate: int = SAMPLE_RATE) -> bytes:
    """int16 PCM at a rate in Hz as FLAC: lossless; the same bytes for the same samples and version of libFLAC."""
    buffer = io.BytesIO()
    with flac_writer(buffer, rate) as write:
        write(pcm)
    return buffer.getvalue()


@contextmanager
def flac_writer(file: BinaryIO, rate: int = SAMPLE_RATE) -> Iterator[Callable[[np.ndarray], None]]:
    """Write FLAC as `encode_flac` does, piece by piece; yields the function that takes the pieces."""
    with sf.SoundFile(file, "w", rate, 1, format="FLAC", subtype="PCM_16") as sound:
        yield sound.write


def decode_flac(data: bytes, rate: int = SAMPLE_RATE) -> np.ndarray:
    """The int16 PCM, shape (n,), that `encode_flac` was given.

    Raises:
        DataError: damaged, or not 16-bit mono FLAC at that rate in Hz.
    """
    with _opened(io.BytesIO(data), rate) as file:
        return np.asarray(file.read(dtype="int16"))


def decode_windows(source: BinaryIO) -> Iterator[np.ndarray]:
    """The windows of a clip's FLAC one after the other, int16 of shape (144000,): a clip of hours needs no more memory.

    Args:
        source: seekable, at its start; as from `chorus.shards.open_members`.

    Raises:
        DataError: damaged, not 16-bit mono FLAC at 48 kHz, or no whole number of windows. Windows before the damage may
            come first.
    """
    with _opened(source) as file:
        if file.frames % WINDOW_SAMPLES:
            raise DataError(f"unreadable: {file.frames} samples are no whole number of windows")
        for _ in range(file.frames // WINDOW_SAMPLES):
            window = np.asarray(file.read(WINDOW_SAMPLES, dtype="int16"))
            if len(window) < WINDOW_SAMPLES:
                raise DataError("unreadable: shorter than its header says")
            yield window


@contextmanager
def _opened(source: BinaryIO, rate: int = SAMPLE_RATE) -> Iterator[sf.SoundFile]:
    try:
        with sf.SoundFile(source) as file:
            kind = (file.format, file.subtype, file.channels, file.samplerate)
            if kind != ("FLAC", "PCM_16", 1, rate):
                raise DataError(f"unreadable: not 16-bit mono FLAC at {rate / 1000:g} kHz")
            yield file
    except sf.LibsndfileError as error:
        raise DataError(_explain(error)) from None


def write_wav(path: Path, pcm: np.ndarray) -> None:
    """Write int16 PCM at 48 kHz as a WAV file."""
    with replacing(path) as beside:
        sf.write(beside, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")


def _explain(error: sf.LibsndfileError) -> str:
    """libsndfile's message alone: the exception's own text holds the path, which may be an absolute one."""
    return f"unreadable: {error.error_string.removeprefix('Error : ').rstrip('.')}"
