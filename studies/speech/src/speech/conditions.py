"""Psychoacoustic conditions: a clean clip of one second, made short, noisy, reverberant or narrow.

As in the original: 22 conditions in four dimensions, each applied alone, or 8 durations crossed with 6 ratios. What a
model hears is always two seconds: the clip, centred, over a floor of faint noise. Every variant depends on the clip's
id, the condition and the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from chorus.errors import DataError
from chorus.options import options
from chorus.seeds import generator

Sound = NDArray[np.float32]
Filter = Literal["none", "bandpass", "lowpass", "highpass"]

RATE = 16_000  # Hz
CLIP = RATE  # samples of a base clip
HEARD = 2 * RATE  # samples of what the model hears
EDGES = {"bandpass": [300.0, 3400.0], "lowpass": 3400.0, "highpass": 300.0}  # Hz: a telephone's
_ORDER = 4
_DIMENSIONS = ("duration", "snr", "reverb", "filter")


@options
class ConditionOptions:
    """The levels of each dimension.

    duration: ms of the clip's middle. snr: dB, white noise against the clip's own mean power. reverb: T60 in s; 0 none.
    floor: RMS of the noise under everything, full scale 1. crossed: durations x ratios in place of one at a time.
    """

    duration: tuple[Annotated[float, Field(gt=0, le=1000)], ...] = (
        20,
        40,
        60,
        80,
        100,
        200,
        500,
        1000,
    )
    snr: tuple[float, ...] = (-10, -5, 0, 5, 10, 20)
    reverb: tuple[Annotated[float, Field(ge=0)], ...] = (0, 0.3, 1.0, 2.5)
    filter: tuple[Filter, ...] = ("none", "bandpass", "lowpass", "highpass")
    floor: Annotated[float, Field(gt=0)] = 1e-4
    crossed: bool = False
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True)
class Condition:
    """What is done to a clip. dimension: duration, snr, reverb, filter, or crossed; level: on its axis."""

    name: str
    dimension: str
    level: float
    duration_ms: float = 1000.0
    snr_db: float | None = None
    t60: float = 0.0
    filter: Filter = "none"


CLEAN = Condition("clean", "clean", 0.0)


def plan(given: ConditionOptions) -> list[Condition]:
    """The conditions, dimension by dimension; or all pairs of a duration and a ratio."""
    if given.crossed:
        return [
            Condition(f"dur_{ms:g}ms_snr_{db:g}dB", "crossed", ms, duration_ms=ms, snr_db=db)
            for ms in given.duration
            for db in given.snr
        ]
    found = [Condition(f"dur_{ms:g}ms", "duration", ms, duration_ms=ms) for ms in given.duration]
    found += [Condition(f"snr_{db:g}dB", "snr", db, snr_db=db) for db in given.snr]
    for t60 in given.reverb:
        name = f"reverb_{t60:.1f}s" if t60 else "reverb_none"
        found.append(Condition(name, "reverb", t60, t60=t60))
    for number, kind in enumerate(given.filter):
        found.append(Condition(f"filter_{kind}", "filter", float(number), filter=kind))
    return found


def render(clip: Sound, condition: Condition, clip_id: str, given: ConditionOptions) -> Sound:
    """What the model hears of a clip under a condition: float32 (32000,), within full scale.

    Filter, then room, then the cut: as if a microphone had been switched on for so long.

    Raises:
        DataError: a clip that is not one second long, or silent.
    """
    if clip.shape != (CLIP,) or not np.abs(clip).max() > 0:
        raise DataError(
            f"{clip_id}: a base clip has {CLIP} samples and is not silent: {clip.shape}"
        )
    rng = generator(given.seed, "condition", condition.name, clip_id)
    sound = filtered(clip.astype(np.float64), condition.filter)
    if condition.t60:
        sound = reverberant(sound, condition.t60, rng)
    kept = round(condition.duration_ms / 1000 * CLIP)
    first = (CLIP - kept) // 2
    # A room goes on sounding after the second; only where the duration is cut is the tail cut with it.
    sound = sound[first : first + kept] if kept < CLIP else sound
    # The clip lies in the middle of what is heard, also when only its middle is left.
    track = np.zeros(HEARD)
    start = (HEARD - kept) // 2
    end = min(start + len(sound), HEARD)
    track[start:end] = sound[: end - start]
    track += given.floor * rng.standard_normal(HEARD)
    if condition.snr_db is not None:
        # The clip's own power: silence around it would make every short clip a quiet one.
        power = np.mean(sound[:kept] ** 2)
        track += np.sqrt(power / 10 ** (condition.snr_db / 10)) * rng.standard_normal(HEARD)
    # Only what would be clipped is made quieter: the other levels are part of their conditions.
    return np.asarray(track / max(1.0, np.abs(track).max()), np.float32)


def filtered(sound: NDArray[np.float64], kind: Filter) -> NDArray[np.float64]:
    """Through a Butterworth filter of order 4, forwards."""
    from scipy.signal import butter, sosfilt

    if kind == "none":
        return sound
    sections = butter(_ORDER, EDGES[kind], btype=kind, fs=RATE, output="sos")
    return np.asarray(sosfilt(sections, sound))


def impulse_response(t60: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Of a room: the direct sound, then noise that decays by 60 dB in T60 seconds (Moorer 1979).

    The reverberant energy equals the direct energy: as far from the speaker as the room's critical distance.
    """
    # To -72 dB: after T60 an echo is 60 dB down, not over.
    time = np.arange(round(1.2 * t60 * RATE)) / RATE
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / t60)
    # As much energy in the tail as in the direct sound, which has 1.
    tail /= np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail)


def reverberant(
    sound: NDArray[np.float64], t60: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A sound in a room, with its tail, at the mean power that it had."""
    from scipy.signal import fftconvolve

    wet = fftconvolve(sound, impulse_response(t60, rng))
    power = np.mean(wet[: len(sound)] ** 2)
    return np.asarray(wet * np.sqrt(np.mean(sound**2) / power))


def decay_time(response: NDArray[np.float64]) -> float:
    """T60 of an impulse response, in s: from -5 to -25 dB of Schroeder's backward integral (1965), times three."""
    left = np.cumsum(response[::-1] ** 2)[::-1]
    # Behind the last sample nothing is left, which has no logarithm.
    level = 10 * np.log10(left / left[0] + 1e-30)
    # The direct sound is a step of 3 dB; the decay that is measured starts below it.
    inside = np.flatnonzero((level <= -5) & (level >= -25))
    slope = np.polyfit(inside / RATE, level[inside], 1)[0]
    return float(-60 / slope)
