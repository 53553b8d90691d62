"""Short sounds and how they are laid on a clip-long track: all that calls and confusers are built from.

A *burst* is a short float32 array, a *track* is one clip long. Most animal calls are one damped pulse repeated in time,
so a call costs one pulse and as many short additions as it has pulses.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES

TWO_PI = np.float32(2 * np.pi)


def seconds(duration: float) -> np.ndarray:
    """The times of a burst's samples in seconds, float32, shape (duration * 48000,)."""
    return np.arange(max(1, round(duration * SAMPLE_RATE)), dtype=np.float32) / np.float32(
        SAMPLE_RATE
    )


def amplitude(decibels: float) -> float:
    """An amplitude ratio."""
    return float(10 ** (decibels / 20))


def silence(duration: float | None = None) -> np.ndarray:
    """A track of zeros, or a burst of them."""
    return np.zeros(
        WINDOW_SAMPLES if duration is None else round(duration * SAMPLE_RATE), dtype=np.float32
    )


def add(track: np.ndarray, start: float, burst: np.ndarray, gain: float = 1.0) -> None:
    """Add `burst` to `track` at `start` seconds; what lies outside of the track is cut off."""
    first = round(start * SAMPLE_RATE)
    begin, end = max(first, 0), min(first + len(burst), len(track))
    if begin < end:
        track[begin:end] += np.float32(gain) * burst[begin - first : end - first]


def tone(frequency: float | np.ndarray, duration: float) -> np.ndarray:
    """A sine of constant frequency in Hz, or of one that follows an array as long as the burst."""
    if isinstance(frequency, np.ndarray):
        # In float64 and without whole turns: a sum of thousands of steps in float32 would lose its phase.
        turns = (np.cumsum(frequency, dtype=np.float64) / SAMPLE_RATE % 1).astype(np.float32)
    else:
        turns = np.float32(frequency) * seconds(duration)
    return np.asarray(np.sin(TWO_PI * turns))


def swell(length: int, attack: float, release: float) -> np.ndarray:
    """A raised-cosine envelope over `length` samples: attack and release in seconds, 1 between them."""
    envelope = np.ones(length, dtype=np.float32)
    rise, fall = (min(max(round(part * SAMPLE_RATE), 1), length) for part in (attack, release))
    envelope[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise, dtype=np.float32) / rise)
    envelope[length - fall :] *= 0.5 + 0.5 * np.cos(
        np.pi * np.arange(fall, dtype=np.float32) / fall
    )
    return envelope


def ringing(*modes: tuple[float, float, float]) -> np.ndarray:
    """One struck sound: a sum of damped sines, each (frequency in Hz, decay time in s, level in dB)."""
    # Six decay times: 52 dB down, where a sound may end without a click.
    time = seconds(6 * max(decay for _, decay, _ in modes))
    sound = np.zeros_like(time)
    for frequency, decay, level in modes:
        onset = 1 - np.exp(-time / np.float32(min(0.0006, decay / 4)))
        damped = onset * np.exp(-time / np.float32(decay))
        sound += (
            np.float32(amplitude(level)) * damped * np.sin(TWO_PI * np.float32(frequency) * time)
        )
    return sound


def train(pulse: np.ndarray, starts: Iterable[float], gains: Iterable[float]) -> np.ndarray:
    """One pulse repeated at `starts` (seconds, ascending) with `gains`."""
    times = list(starts)
    burst = np.zeros(round(times[-1] * SAMPLE_RATE) + len(pulse) + 1, dtype=np.float32)
    for start, gain in zip(times, gains, strict=True):
        add(burst, start, pulse, gain)
    return burst


def beats(rate: np.ndarray, duration: float) -> np.ndarray:
    """The times in seconds at which something happens whose rate (Hz) follows `rate`, spread evenly over `duration`."""
    time = np.linspace(0, duration, 512)
    turns = np.interp(time, np.linspace(0, duration, len(rate)), rate).cumsum() * (
        time[1] - time[0]
    )
    return np.interp(np.arange(int(turns[-1]) + 1), turns - turns[0], time)
