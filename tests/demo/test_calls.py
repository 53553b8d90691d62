"""The synthetic RADR call has the measured figures of the real one."""

from dataclasses import replace

import numpy as np
import pytest

from chorus.clips import SAMPLE_RATE, WINDOW_SAMPLES
from chorus.demo.calls import CALL_TYPES, draw_voice, growl, grunts, render_call


def spectrum(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (Hz) and power, smoothed over 40 Hz so that the pulse rate's harmonics do not show."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    width = round(40 / frequencies[1])
    return frequencies, np.convolve(power, np.ones(width) / width, mode="same")


@pytest.mark.parametrize("call_type", CALL_TYPES)
def test_a_call_fills_a_clip_shaped_track_and_peaks_in_the_band_of_the_species(call_type):
    for seed in range(40):
        rng = np.random.default_rng(seed)
        track = render_call(call_type, rng, draw_voice(rng))
        assert (
            track.shape == (WINDOW_SAMPLES,)
            and track.dtype == np.float32
            and np.isfinite(track).all()
        )
        frequencies, power = spectrum(track)
        # 270-690 Hz measured; the lowest male's resonance is 265 Hz, and the smoothing here blurs by 20 Hz
        assert 250 <= frequencies[power.argmax()] <= 710
        outside = power[(frequencies < 150) | (frequencies > 2500)].sum() / power.sum()
        assert outside < 0.03


def test_most_calls_peak_between_270_and_480_hz():
    peaks = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        frequencies, power = spectrum(render_call("grunt", rng, draw_voice(rng)))
        peaks.append(frequencies[power.argmax()])
    assert 0.8 <= np.mean([270 <= peak <= 480 for peak in peaks]) <= 0.97  # one male in ten is high
    assert 330 <= np.median(peaks) <= 410  # measured: 369


def onsets(samples: np.ndarray, gap: float, floor: float) -> np.ndarray:
    """Times (s) at which the level passes `floor` (of its maximum) after a pause of at least `gap` seconds."""
    loud = np.flatnonzero(np.abs(samples) > floor * np.abs(samples).max()) / SAMPLE_RATE
    return loud[np.concatenate([[True], np.diff(loud) > gap])]


def test_grunts_come_five_a_second_and_grow_louder():
    intervals = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        bout = grunts(rng, replace(draw_voice(rng), leads_in=False), notes=5)
        times = onsets(bout, gap=0.06, floor=0.08)
        assert len(times) == 5
        intervals.append(np.diff(times))
        first = np.abs(bout[: round(0.1 * SAMPLE_RATE)]).max()
        assert first < 0.75 * np.abs(bout).max()
    usual, last = (
        np.median([some[:-1] for some in intervals]),
        np.median([some[-1] for some in intervals]),
    )
    assert 0.19 <= usual <= 0.22
    assert 0.12 <= last <= 0.19


def test_a_growl_pulses_faster_in_its_middle_and_swells():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        call = growl(rng, draw_voice(rng))
        assert 0.25 <= len(call) / SAMPLE_RATE <= 0.65
        level = np.sqrt(np.convolve(call**2, np.ones(960) / 960, mode="same"))[480:-480:240]
        assert 0.3 < level.argmax() / len(level) < 0.9
        assert level[0] < 0.15 * level.max()


def test_males_differ_and_a_neighbour_is_heard():
    rng = np.random.default_rng(1)
    one, other = draw_voice(rng), draw_voice(rng)
    assert one != other
    alone = render_call("grunt", np.random.default_rng(2), one)
    together = render_call("grunt", np.random.default_rng(2), one, other)
    reply = together - alone
    assert 0.05 < np.abs(reply).max() / np.abs(alone).max() < 0.9
