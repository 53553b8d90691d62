"""From what is heard in a clip to its samples: background, sounds at stated levels, path, recorder, 16 bits.

Everything is mixed as spectra of one length, because noise is drawn, sounds are filtered and levels are measured there
most cheaply: one inverse transform at the end makes the clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.demo.bursts import amplitude, seconds
from chorus.demo.calls import BAND, render_call
from chorus.demo.confusers import CONFUSERS
from chorus.demo.nights import Event, Night, conditions
from chorus.demo.places import NONE_DB, RECORDERS, SITES
from chorus.seeds import generator

FRAME = SAMPLE_RATE // 50  # 20 ms
# 150 make a clip; in the rest echoes die away instead of wrapping around to the beginning.
FRAMES = 160
SPAN = FRAME * FRAMES  # 153600 samples: a quick length for the transform
BINS = SPAN // 2 + 1
BIN_HZ = SAMPLE_RATE / SPAN
SLOW_BINS = round(1000 / BIN_HZ)  # below 1 kHz
SECOND_MALE = 0.35  # share of the clips with grunts
QUIET_PERCENTILE = 30  # of the background's frames: what a call is compared with


@dataclass(frozen=True)
class Scene:
    """Everything that is heard in a clip. The samples depend on these fields alone.

    number: tells apart the clips of a recorder's night.
    call: grunt, growl or both with its level; None in a negative.
    """

    seed: int
    recorder: str
    night: str
    number: int
    call: Event | None
    confusers: tuple[Event, ...]

    def describe(self) -> str:
        """A line for people, e.g. "synthetic: RADR grunt, 6 dB; bullfrog, 12 dB; creek background"."""
        heard = [f"RADR {self.call.sound}, {self.call.snr_db:.0f} dB"] if self.call else []
        heard += [f"{event.sound}, {event.snr_db:.0f} dB" for event in self.confusers]
        heard.append(f"{SITES[RECORDERS[self.recorder].site].background} background")
        return "synthetic: " + "; ".join(heard)


def render(scene: Scene) -> np.ndarray:
    """The clip's samples, int16, shape (144000,): 3 s at 48 kHz."""
    rng = generator(scene.seed, "demo", "audio", scene.recorder, scene.night, scene.number)
    night = conditions(scene.seed, scene.recorder, scene.night)
    mix = _background(rng, scene, night)
    # The call last: its level is over all else that is heard, and is what the clip's quality means.
    for event in (*night.ambient, *scene.confusers):
        sound, band = CONFUSERS[event.sound]
        _mix_in(mix, _received(rng, sound(rng), scene.recorder), event.snr_db, band)
    if scene.call:
        _mix_in(
            mix,
            _received(rng, _call(rng, scene.call.sound, night), scene.recorder),
            scene.call.snr_db,
            BAND,
        )
    return _recorded(rng, fft.irfft(mix, SPAN)[:WINDOW_SAMPLES])


def frame_power(spectrum: np.ndarray, band: tuple[float, float]) -> np.ndarray:
    """Mean power within `band` (Hz) of each of the clip's 20-ms frames, shape (150,).

    The band alone is transformed back, as a complex envelope at a low rate: a hundredth of the work of filtering.
    """
    low, high = (round(edge / BIN_HZ) for edge in band)
    length = FRAMES * -(-(high - low) // FRAMES)
    envelope: np.ndarray = fft.ifft(spectrum[low:high], length) * np.float32(length / SPAN)
    power: np.ndarray = 2 * (envelope.real**2 + envelope.imag**2).reshape(FRAMES, -1).mean(axis=1)
    return power[: WINDOW_SAMPLES // FRAME]


def _mix_in(mix: np.ndarray, sound: np.ndarray, snr_db: float, band: tuple[float, float]) -> None:
    """Add `sound` so that its loudest frame is `snr_db` over a quiet frame of what is there already."""
    quiet = np.percentile(frame_power(mix, band), QUIET_PERCENTILE)
    loudest = frame_power(sound, band).max()
    mix += sound * np.float32(amplitude(snr_db) * np.sqrt(quiet / loudest))


def _call(rng: np.random.Generator, call_type: str, night: Night) -> np.ndarray:
    first, second = rng.permutation(len(night.voices))[:2]
    neighbour = (
        night.voices[second] if call_type != "growl" and rng.random() < SECOND_MALE else None
    )
    return render_call(call_type, rng, night.voices[first], neighbour)


def _received(rng: np.random.Generator, track: np.ndarray, recorder: str) -> np.ndarray:
    """The spectrum of a sound after its way through air and vegetation, echo and recorder."""
    corner, slope = rng.uniform(600, 2500), rng.uniform(1, 6)
    air = (1 + (_frequencies() / np.float32(corner)) ** 2) ** np.float32(-slope / 12)
    return np.asarray(fft.rfft(track, SPAN) * (_echo(recorder) * air))


def _background(rng: np.random.Generator, scene: Scene, night: Night) -> np.ndarray:
    """The spectrum of the noise: what the place and the recorder always sound like, plus gusts and hum."""
    noise = rng.standard_normal((BINS, 2), dtype=np.float32).view(np.complex64)[:, 0]
    mix: np.ndarray = noise * _noise_level(scene.seed, scene.recorder, scene.night)
    low = np.zeros(SLOW_BINS, dtype=np.complex64)
    if night.wind > NONE_DB:
        low += np.float32(amplitude(night.wind)) * _gusts(rng, 1.5, -12.0)
    if night.traffic > NONE_DB:
        low += np.float32(amplitude(night.traffic)) * (
            _gusts(rng, 0.4, -8.0) + _hum(rng, night.hum)
        )
    level = amplitude(dict(night.spectrum)[180])
    mix[:SLOW_BINS] += np.float32(level) * low * _response(scene.recorder)[:SLOW_BINS]
    return mix


def _gusts(rng: np.random.Generator, rate: float, slope: float) -> np.ndarray:
    """Noise that falls by `slope` dB an octave above 120 Hz and swells at about `rate` Hz: spectrum below 1 kHz.

    It is drawn at a low rate in time, where it can swell, and has the level of the noise of `_background` at 120 Hz.
    """
    length = 2 * SLOW_BINS
    turns = (
        rate * rng.uniform(0.7, 1.3) * np.arange(length) * (SPAN / SAMPLE_RATE / length)
        + rng.random()
    )
    swelling = 0.6 + 0.4 * np.sin(2 * np.pi * turns)
    noise = rng.standard_normal(length, dtype=np.float32) * swelling.astype(np.float32)
    octaves = np.log2(np.maximum(_frequencies()[:SLOW_BINS], 120) / 120)
    spectrum: np.ndarray = fft.rfft(noise)[:SLOW_BINS] * 10 ** (np.float32(slope / 20) * octaves)
    return spectrum / np.float32(np.sqrt(length / 2))


def _hum(rng: np.random.Generator, pitch: float) -> np.ndarray:
    """Four harmonics of the mains, each in one bin: spectrum below 1 kHz."""
    spectrum = np.zeros(SLOW_BINS, dtype=np.complex64)
    for harmonic in range(1, 5):
        turn = np.exp(2j * np.pi * rng.random())
        spectrum[round(harmonic * pitch / BIN_HZ)] = amplitude(22 - 4 * harmonic) * turn
    return spectrum


def _recorded(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """As 16-bit samples whose peak lies between -36 and -3 dBFS."""
    # Drawn whatever is heard: how loud a clip is tells nothing of its label.
    peak = 32767 * amplitude(rng.uniform(-36, -3))
    return np.rint(samples * np.float32(peak / np.abs(samples).max())).astype(np.int16)


@lru_cache(maxsize=1)
def _frequencies() -> np.ndarray:
    return np.arange(BINS, dtype=np.float32) * np.float32(BIN_HZ)


@lru_cache(maxsize=8)  # clips come a night at a time
def _noise_level(seed: int, recorder: str, night: str) -> np.ndarray:
    """Amplitude of the background in each bin: the night's spectrum through the recorder, plus its own noise."""
    points, levels = np.array(conditions(seed, recorder, night).spectrum).T
    # The first bin is at 0 Hz, which has no octave; below 45 Hz the spectra say nothing anyway.
    octave = np.log2(np.maximum(_frequencies(), 20))
    background = 10 ** (np.interp(octave, np.log2(points), levels) / 20) * _response(recorder)
    floor = amplitude(RECORDERS[recorder].floor)
    level: np.ndarray = np.sqrt(background**2 + floor**2)
    return level.astype(np.float32)


@lru_cache(maxsize=32)
def _response(recorder: str) -> np.ndarray:
    """How strongly a recorder answers to each frequency."""
    place, frequency = RECORDERS[recorder], np.maximum(_frequencies(), 1)
    octaves = np.log2(frequency / 1000)
    bump = place.bump[1] * np.exp(-0.5 * (octaves - np.log2(place.bump[0] / 1000)) ** 2 / 0.5**2)
    tilted = 10 ** ((place.tilt * octaves + bump) / 20)
    low = (frequency / place.low_cut) ** 2 / (1 + (frequency / place.low_cut) ** 2)
    high = 1 / np.sqrt(1 + (frequency / place.high_cut) ** 16)
    return np.asarray(tilted * low * high, dtype=np.float32)


@lru_cache(maxsize=32)
def _echo(recorder: str) -> np.ndarray:
    """The way of a sound into a recorder: direct, then a decaying tail of echoes, then the recorder's response."""
    # The place is the same whatever the seed of the survey.
    rng = generator(0, "demo", "echo", recorder)
    level, decay = RECORDERS[recorder].echo
    time = seconds(min(decay, 0.35))
    tail = rng.standard_normal(len(time), dtype=np.float32) * 10 ** (-3 * time / np.float32(decay))
    impulse = np.zeros(len(time), dtype=np.float32)
    # Of one power, however long it rings: `level` is that of the whole tail.
    impulse += np.float32(amplitude(level)) * tail / np.sqrt((tail**2).sum())
    impulse[0] += 1
    return np.asarray(fft.rfft(impulse, SPAN) * _response(recorder))
