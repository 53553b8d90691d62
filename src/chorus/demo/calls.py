"""The call of the California red-legged frog (Rana draytonii, RADR), from pulse to clip.

Every RADR call is made of one atom: a pulse that glides down onto the male's resonance and rings out in a few
milliseconds. Two to six pulses make a grunt note, three to seven notes a bout, some sixty pulses with an arch-shaped
rate a growl. Figures are measured on field and archive recordings unless a comment says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chorus.clips import SAMPLE_RATE, WINDOW_SECONDS
from chorus.demo.bursts import TWO_PI, add, amplitude, beats, seconds, silence

CALL_TYPES = {"grunt": 0.55, "growl": 0.20, "both": 0.25}  # share of each among the positives
BAND = (300.0, 900.0)  # Hz: where the signal-to-noise ratio of a call is taken
GLIDE_SECONDS = 0.0012
PULSE_SECONDS = 0.025


@dataclass(frozen=True)
class Voice:
    """What makes one male recognisable: resonance in Hz, ringing in s, overtones as (ratio, dB), habits of timing."""

    pitch: float
    ringing: float
    glide: float
    overtones: tuple[tuple[float, float], tuple[float, float]]
    first_gap: float
    stretch: float
    period: float
    leads_in: bool


def draw_voice(rng: np.random.Generator) -> Voice:
    """A male drawn from the population; one in ten has a resonance near twice the usual one."""
    high = rng.random() < 0.1
    return Voice(
        # The glide lifts the peak of the spectrum by some 12 %: measured peaks are 300-410 Hz, and 600-690 Hz.
        pitch=rng.uniform(600, 690) / 1.12
        if high
        else float(np.clip(rng.normal(335, 42), 265, 440)),
        ringing=rng.uniform(0.0024, 0.0034),
        glide=rng.uniform(1.7, 2.4),
        overtones=(
            (rng.uniform(1.7, 2.3), rng.uniform(-14, -7)),
            (rng.uniform(2.8, 3.5), rng.uniform(-24, -16)),
        ),
        first_gap=rng.uniform(0.007, 0.009),
        stretch=rng.uniform(1.12, 1.3),
        period=rng.uniform(0.19, 0.22),
        leads_in=rng.random() < 0.3,
    )


def render_call(
    call_type: str, rng: np.random.Generator, voice: Voice, neighbour: Voice | None = None
) -> np.ndarray:
    """One clip with a call and nothing else, float32, shape (144000,).

    Args:
        call_type: grunt, growl or both.
        neighbour: a second male, grunting more softly (4 to 16 dB down) at a time of his own.
    """
    track = silence()
    call = {"grunt": grunts, "growl": growl, "both": grunts_and_growl}[call_type](rng, voice)
    add(track, _start(rng, call), call)
    if neighbour is not None:
        reply = grunts(rng, neighbour)
        add(track, _start(rng, reply), reply, amplitude(rng.uniform(-16, -4)))
    return track


def grunts(rng: np.random.Generator, voice: Voice, notes: int | None = None) -> np.ndarray:
    """A bout of grunts: about five notes a second, growing louder and longer, the last one early."""
    notes = notes or int(rng.integers(3, 8))
    levels = np.linspace(rng.uniform(-14, -4), 0, notes)
    sizes = np.rint(np.linspace(2, rng.integers(4, 6), notes)).astype(int)
    long_end = rng.random() < 0.6
    if long_end:
        sizes[-1], levels[-1] = rng.integers(5, 9), -rng.uniform(0, 6)
    pitches = voice.pitch * np.linspace(1 / rng.uniform(1, 1.2), 1, notes)
    gaps = voice.period * rng.uniform(0.95, 1.05, notes - 1)
    gaps[-1] *= rng.uniform(0.65, 0.92)
    starts = np.concatenate([[0.0], np.cumsum(gaps)])
    # Room for the longest note: eight pulses and a lead-in are 0.27 s.
    bout = silence(starts[-1] + 0.35)
    for start, size, pitch, level in zip(starts, sizes, pitches, levels, strict=True):
        add(bout, start, _note(rng, voice, int(size), pitch), amplitude(level))
    return bout


def growl(rng: np.random.Generator, voice: Voice) -> np.ndarray:
    """A growl: 0.3 to 0.6 s of pulses whose rate and level rise and fall again, so that its harmonics form arches."""
    duration, summit = rng.uniform(0.28, 0.60), rng.uniform(0.5, 0.75)
    corners = np.array([rng.uniform(55, 85), rng.uniform(95, 165), rng.uniform(55, 95)])
    along = np.linspace(0, 1, 64)
    times = beats(np.interp(along, [0, summit, 1], corners), duration)
    times = times + rng.normal(0, 0.025, len(times)) / corners[1]
    place = np.clip(times / duration, 0, 1)
    levels = np.interp(place, [0, summit, 1], [-25, 0, -22])
    pitches = rng.uniform(370, 490) * (1 - 0.15 * place)
    # The jitter may put the first pulse before the beginning.
    return _pulses(voice, np.maximum(times, 0), pitches, 10 ** (levels / 20))


def grunts_and_growl(rng: np.random.Generator, voice: Voice) -> np.ndarray:
    """A short bout, a pause, sometimes a few two-pulse notes, then a growl."""
    bout, end = grunts(rng, voice, int(rng.integers(3, 6))), growl(rng, voice)
    # A bout ends 0.35 s after its last note began, most of which is silence already.
    middle = len(bout) / SAMPLE_RATE - 0.2 + rng.uniform(0.1, 0.5)
    clicks = int(rng.integers(0, 4))
    call = silence(middle + 0.075 * clicks + len(end) / SAMPLE_RATE)
    add(call, 0, bout)
    for click in range(clicks):
        pair = _pulses(voice, np.array([0, 0.014]), np.full(2, voice.pitch), np.ones(2))
        add(call, middle + 0.075 * click, pair, amplitude(rng.uniform(-12, -4)))
    add(call, middle + 0.075 * clicks, end)
    return call


def _note(rng: np.random.Generator, voice: Voice, size: int, pitch: float) -> np.ndarray:
    """A grunt note: pulses ever further apart that swell and stop abruptly, some males with a soft lead-in."""
    times = np.concatenate(
        [[0.0], np.cumsum(voice.first_gap * voice.stretch ** np.arange(size - 1))]
    )
    gains = np.linspace(rng.uniform(0.3, 0.6), 1, size)
    if rng.random() < 0.5:
        gains[-1] *= rng.uniform(0.4, 0.9)
    if voice.leads_in:
        before = np.cumsum(rng.uniform(0.009, 0.014, rng.integers(3, 7)))
        times = np.concatenate([before - before[0], times + before[-1]])
        gains = np.concatenate([10 ** (np.linspace(-22, -10, len(before)) / 20), gains])
    return _pulses(voice, times, pitch * rng.uniform(0.98, 1.02, len(times)), gains)


def _pulses(voice: Voice, times: np.ndarray, pitches: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Pulses at `times` (s), each with its own resonance (Hz) and gain, summed to a burst."""
    time = seconds(PULSE_SECONDS)
    glided = time + np.float32((voice.glide - 1) * GLIDE_SECONDS) * (
        1 - np.exp(-time / np.float32(GLIDE_SECONDS))
    )
    turns = TWO_PI * np.outer(pitches.astype(np.float32), glided)
    onset = 1 - np.exp(-time / np.float32(0.0006))
    shapes = onset * np.exp(-time / np.float32(voice.ringing)) * np.sin(turns)
    for (ratio, level), share in zip(voice.overtones, (0.6, 0.45), strict=True):
        damped = onset * np.exp(-time / np.float32(share * voice.ringing))
        shapes += np.float32(amplitude(level)) * damped * np.sin(np.float32(ratio) * turns)
    # A millisecond to spare: the last start is rounded to a sample, perhaps upwards.
    burst = silence(float(times.max()) + PULSE_SECONDS + 0.001)
    for start, shape, gain in zip(times, shapes, gains, strict=True):
        add(burst, float(start), shape, float(gain))
    return burst


def _start(rng: np.random.Generator, call: np.ndarray) -> float:
    """A start at which the whole call lies in the clip, if it fits."""
    return float(rng.uniform(0.02, max(0.03, WINDOW_SECONDS - 0.02 - len(call) / SAMPLE_RATE)))
