"""Audio files to PCM as the project keeps it (mono, 48 kHz, 16 bit, whole 3-s windows), and PCM to FLAC and back."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile as sf
import soxr

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.errors import DataError
from chorus.files import replacing

Padding = Literal["zeros", "repeat"]

_BLOCK_SAMPLES = 1 << 18  # of all channels, read at once: a 10-hour stereo recording never lies in memory as floats
_RATES = (1_000, 1_000_000)  # Hz; outside, the header is damaged and resampling would run out of memory
_FULL_SCALE = 32_768
_SILENCE = 2 / _FULL_SCALE  # peak to peak: constant, or never more than the last bit away from a constant


def read_audio(path: Path, *, min_seconds: float = 0.0) -> np.ndarray:
    """Read a file in any format that libsndfile knows, as the mean of its channels.

    Args:
        path: WAV, FLAC, OGG, MP3, ...; any sample rate.
        min_seconds: what is shorter is refused.

    Returns:
        int16 samples at 48 kHz, shape (n,), n >= 1. Those of a mono 16-bit file at 48 kHz are unchanged.

    Raises:
        DataError: the file is empty, unreadable, has NaN or infinite samples, is too short, or silent. The text begins
            with one of these words and does not name the file.
    """
    if path.suffix.lower() == ".raw":
        raise DataError("unreadable: a .raw file does not say its sample rate")
    try:
        if not path.stat().st_size:
            raise DataError("empty file")
        with sf.SoundFile(path) as file:
            return _read(file, min_seconds)
    except OSError as error:
        raise DataError(f"unreadable: {error.strerror}") from None
    except sf.LibsndfileError as error:
        raise DataError(_explain(error)) from None


def to_pcm(samples: np.ndarray) -> np.ndarray:
    """Samples in [-1, 1] as int16 of the same shape: rounded (halves to even), and clipped beyond full scale."""
    return np.clip(np.rint(samples * np.float32(_FULL_SCALE)), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)


def fit_windows(pcm: np.ndarray, padding: Padding, min_seconds: float) -> np.ndarray:
    """Bring PCM to a whole number of 3-s windows.

    Audio of less than one window is padded. The end of longer audio that fills no window is padded too when it lasts
    `min_seconds` or more, and is dropped otherwise.

    Args:
        pcm: shape (n,), n >= 1.
        padding: "zeros" adds silence, "repeat" repeats what the incomplete window holds.

    Returns:
        Shape (k * 144000,), k >= 1.
    """
    whole = len(pcm) // WINDOW_SAMPLES * WINDOW_SAMPLES
    end = pcm[whole:]
    if not len(end) or (whole and len(end) < min_seconds * SAMPLE_RATE):
        return pcm[:whole]
    missing = WINDOW_SAMPLES - len(end)
    window = np.resize(end, WINDOW_SAMPLES) if padding == "repeat" else np.pad(end, (0, missing))
    return np.concatenate([pcm[:whole], window])


def sha256(pcm: np.ndarray) -> str:
    """The hash that names audio by its content: of the samples as little-endian 16-bit integers."""
    return hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()


def encode_flac(pcm: np.ndarray) -> bytes:
    """int16 PCM at 48 kHz as FLAC: lossless; the same bytes for the same samples and version of libFLAC."""
    buffer = io.BytesIO()
    sf.write(buffer, pcm, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def decode_flac(data: bytes) -> np.ndarray:
    """The int16 PCM, shape (n,), that `encode_flac` was given.

    Raises:
        DataError: damaged, or not 16-bit mono FLAC at 48 kHz.
    """
    with _opened(io.BytesIO(data)) as file:
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
def _opened(source: BinaryIO) -> Iterator[sf.SoundFile]:
    try:
        with sf.SoundFile(source) as file:
            kind = (file.format, file.subtype, file.channels, file.samplerate)
            if kind != ("FLAC", "PCM_16", 1, SAMPLE_RATE):
                raise DataError("unreadable: not 16-bit mono FLAC at 48 kHz")
            yield file
    except sf.LibsndfileError as error:
        raise DataError(_explain(error)) from None


def write_wav(path: Path, pcm: np.ndarray) -> None:
    """Write int16 PCM at 48 kHz as a WAV file."""
    with replacing(path) as beside:
        sf.write(beside, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")


def _read(file: sf.SoundFile, min_seconds: float) -> np.ndarray:
    rate = file.samplerate
    if not _RATES[0] <= rate <= _RATES[1]:
        raise DataError(f"unreadable: a sample rate of {rate} Hz")
    resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    frames = 0
    lowest, highest = np.inf, -np.inf
    parts = []
    for block in _mono_blocks(file):
        frames += len(block)
        # judged before resampling, which makes the ends of a constant ring
        lowest, highest = min(lowest, block.min()), max(highest, block.max())
        parts.append(to_pcm(block if rate == SAMPLE_RATE else resampler.resample_chunk(block)))
    if rate != SAMPLE_RATE:
        parts.append(to_pcm(resampler.resample_chunk(np.zeros(0, np.float32), last=True)))
    if frames < max(1, min_seconds * rate):
        raise DataError(f"too short: {frames / rate:.3g} s of at least {min_seconds:g} s")
    if highest - lowest <= _SILENCE:
        raise DataError("silent")
    return np.concatenate(parts)


def _mono_blocks(file: sf.SoundFile) -> Iterator[np.ndarray]:
    """The mean of the channels, in blocks of float32, each of shape (frames,)."""
    frames = max(1, _BLOCK_SAMPLES // file.channels)
    while len(block := file.read(frames, dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            raise DataError("NaN or infinite samples")
        yield block.mean(axis=1)


def _explain(error: sf.LibsndfileError) -> str:
    """libsndfile's message alone: the exception's own text holds the path, which may be an absolute one."""
    return f"unreadable: {error.error_string.removeprefix('Error : ').rstrip('.')}"
