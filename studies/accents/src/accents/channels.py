"""What lies between a mouth and a file: a studio, a telephone, a room. float64 (n,) at 16 kHz in and out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

from chorus.voices.utterances import SAMPLE_RATE

Samples = NDArray[np.float64]
Channel = Callable[[Samples, np.random.Generator, np.random.Generator], Samples]
_PEAK = 0.5  # of full scale
_MU = 255.0  # of the companding of telephones in North America (ITU-T G.711)


def studio(speech: Samples, rng: np.random.Generator, _room: np.random.Generator) -> Samples:
    """Hardly anything: noise 40 dB below the speech."""
    return _scaled(_noisy(speech, rng, decibels=40.0))


def phone(speech: Samples, rng: np.random.Generator, _room: np.random.Generator) -> Samples:
    """300 to 3,400 Hz, noise 15 to 25 dB below the speech, 8 bits of mu-law."""
    narrow = signal.butter(4, (300.0, 3400.0), "bandpass", fs=SAMPLE_RATE, output="sos")
    heard = _scaled(signal.sosfilt(narrow, _noisy(speech, rng, decibels=rng.uniform(15.0, 25.0))))
    pressed = np.sign(heard) * np.log1p(_MU * np.abs(heard)) / np.log1p(_MU)
    steps = np.rint(pressed * 127) / 127
    return np.asarray(np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(_MU)) / _MU)


def conversation(speech: Samples, rng: np.random.Generator, room: np.random.Generator) -> Samples:
    """A room that is the speaker's own (0.2 to 0.5 s of echo), and noise 10 to 20 dB below the speech."""
    decay = room.uniform(0.2, 0.5)
    time = np.arange(int(decay * SAMPLE_RATE)) / SAMPLE_RATE
    # By amplitude, -3 in the exponent is the 60 dB by which an echo's length is told.
    echo = room.standard_normal(len(time)) * 10 ** (-3 * time / decay)
    echo *= 0.4 / np.sqrt((echo**2).sum())
    echo[0] += 1
    size = fft.next_fast_len(len(speech) + len(echo) - 1)
    heard: Samples = fft.irfft(fft.rfft(speech, size) * fft.rfft(echo, size), size)[: len(speech)]
    return _scaled(_noisy(heard, rng, decibels=rng.uniform(10.0, 20.0)))


CHANNELS: dict[str, Channel] = {"studio": studio, "phone": phone, "conversation": conversation}


def _noisy(speech: Samples, rng: np.random.Generator, decibels: float) -> Samples:
    """The speech with white noise so many dB below it."""
    level = np.sqrt(np.mean(speech**2)) * 10 ** (-decibels / 20)
    noisy: Samples = speech + level * rng.standard_normal(len(speech))
    return noisy


def _scaled(heard: Samples) -> Samples:
    # Silence has no peak to be scaled by.
    scaled: Samples = heard * (_PEAK / max(float(np.abs(heard).max()), 1e-9))
    return scaled
