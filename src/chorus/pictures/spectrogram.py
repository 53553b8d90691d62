"""From samples to decibels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chorus.clips import SAMPLE_RATE
from chorus.errors import DataError

Floats = NDArray[np.float64]

RANGE_DB = 60.0
_WINDOW, _HOP = 1024, 256  # 21 ms every 5 ms: the single notes of a grunt stay apart
BIN_HZ = SAMPLE_RATE / _WINDOW
_QUIETEST = 1e-10


def spectrogram(
    samples: NDArray[np.int16], sample_rate: int = SAMPLE_RATE, max_hz: float | None = None
) -> tuple[Floats, Floats, Floats]:
    """How loud each frequency is at each time: a short-time Fourier transform with a Hann window.

    Args:
        samples: int16 (n,); fewer than 1,024 are padded with silence.
        max_hz: the highest frequency wanted; None for all.

    Returns:
        dB (frequencies, times) relative to the loudest cell wanted, from -60 to 0; times in seconds, the middle of
        each window; frequencies in Hz. A silent clip is -60 dB throughout.

    Raises:
        DataError: the samples are not one channel of 16-bit audio, or there are none.
    """
    check_samples(samples)
    padded = np.pad(samples, (0, max(0, _WINDOW - len(samples)))) / 32768
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    frequencies = np.arange(_WINDOW // 2 + 1, dtype=np.float64) * sample_rate / _WINDOW
    wanted = frequencies <= (max_hz or sample_rate)
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)[:, wanted]).T ** 2
    loudest = power.max()
    decibels = (
        10 * np.log10(np.maximum(power / loudest, _QUIETEST))
        if loudest > 0
        else np.full(power.shape, -RANGE_DB)
    )
    times = (np.arange(len(frames), dtype=np.float64) * _HOP + _WINDOW / 2) / sample_rate
    return np.maximum(decibels, -RANGE_DB), times, frequencies[wanted]


def check_samples(samples: NDArray[np.int16]) -> None:
    """Refuse anything but one channel of 16-bit samples."""
    if samples.ndim != 1 or samples.dtype != np.int16 or not len(samples):
        raise DataError(
            f"a picture needs one channel of 16-bit samples, not {samples.dtype} of shape {samples.shape}"
        )
