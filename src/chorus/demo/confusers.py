"""Sounds that are not RADR, one small function each, from measured or well-known figures of the species.

Every function draws one clip's worth of the sound as a track (float32, shape (144000,), level free); `CONFUSERS` names
them and gives the band in which their level over the background is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from chorus.clips import SAMPLE_RATE, WINDOW_SECONDS
from chorus.demo.bursts import add, amplitude, beats, ringing, seconds, silence, swell, tone, train


class Confuser(NamedTuple):
    """How to draw the sound, and its dominant band in Hz."""

    draw: Callable[[np.random.Generator], np.ndarray]
    band: tuple[float, float]


def _repeats(
    rng: np.random.Generator, first: float, gap: tuple[float, float], most: int = 99
) -> Iterator[float]:
    """Start times within the clip: the first before `first` seconds, the next after gaps (s) of random length."""
    start = rng.uniform(0, first)
    for _ in range(most):
        if start >= WINDOW_SECONDS:
            return
        yield start
        start += rng.uniform(*gap)


def _buzz(
    rng: np.random.Generator, pulse: np.ndarray, rates: list[float], duration: float
) -> np.ndarray:
    """Pulses at a rate that moves through `rates` (Hz) within `duration` seconds, swelling and fading."""
    times = beats(np.array(rates), duration)
    gains = np.sin(
        np.pi * np.clip((times + 0.1 * duration) / (1.2 * duration), 0, 1)
    ) * rng.uniform(0.8, 1.0, len(times))
    return train(pulse, times, gains)


def bullfrog(rng: np.random.Generator) -> np.ndarray:
    """Long, low, hoarse notes: harmonics of about 100 Hz, strongest at 200-475 Hz. The hardest confuser."""
    track, pitch = silence(), rng.uniform(85, 125)
    low, tau = rng.uniform(230, 430), rng.uniform(0.004, 0.008)
    pulse = ringing(
        (low, tau, 0), (rng.uniform(1.3, 1.6) * low, tau, -7), (rng.uniform(1200, 2300), 0.002, -20)
    )
    duration, attack = rng.uniform(0.35, 0.9), rng.uniform(0.15, 0.4)
    for start in _repeats(rng, 1.4, (0.85, 1.2), int(rng.integers(1, 4))):
        times = beats(pitch * np.array([0.94, 1.0, 1.0, 0.96]), duration)
        times = times + rng.normal(0, 0.00015, len(times))
        note = train(pulse, times, rng.uniform(0.85, 1.0, len(times)))
        add(track, start, note * swell(len(note), attack, 0.12), rng.uniform(0.7, 1.0))
    return track


def green_frog(rng: np.random.Generator) -> np.ndarray:
    """A plucked string: 300-420 Hz that rings for 8-20 ms, with a hump at 1.3-2.1 kHz."""
    track, pitch, tau = silence(), rng.uniform(300, 420), rng.uniform(0.008, 0.02)
    pulse = ringing((pitch, tau, 0), (2 * pitch, tau / 2, -9), (rng.uniform(1300, 2100), 0.004, -8))
    for start in _repeats(rng, 2.0, (0.3, 2.7), int(rng.integers(1, 4))):
        pulses = int(rng.integers(1, 5))
        times = np.arange(pulses) * rng.uniform(0.015, 0.04)
        add(track, start, train(pulse, times, 0.6 ** np.arange(pulses)), rng.uniform(0.6, 1.0))
    return track


def pickerel_frog(rng: np.random.Generator) -> np.ndarray:
    """A snore at 525-1300 Hz whose pulses slow down from 70 to 25 a second."""
    track = silence()
    pulse = ringing((rng.uniform(560, 800), 0.004, 0), (rng.uniform(900, 1250), 0.003, -4))
    snore = _buzz(rng, pulse, [70, 50, 35, 25], rng.uniform(1.1, 2.0))
    add(track, rng.uniform(-0.2, 1.4), snore)
    return track


def leopard_frog(rng: np.random.Generator) -> np.ndarray:
    """A chuckle at 450-2200 Hz: notes of 60 ms, twelve a second."""
    track = silence()
    pulse = ringing(
        (rng.uniform(500, 750), 0.005, 0), (rng.uniform(1000, 1400), 0.004, -2), (1900, 0.003, -8)
    )
    note = _buzz(rng, pulse, [rng.uniform(70, 110)], 0.06)
    for start in _repeats(rng, 1.2, (0.9, 1.6), 2):
        for count in range(int(rng.integers(4, 11))):
            add(track, start + count / 12 * rng.uniform(0.97, 1.03), note, rng.uniform(0.6, 1))
    return track


def wood_frog(rng: np.random.Generator) -> np.ndarray:
    """Quacks at 1.3-2.2 kHz, 40-70 ms, in series."""
    track = silence()
    pulse = ringing((rng.uniform(1350, 2100), 0.003, 0), (rng.uniform(700, 900), 0.003, -10))
    quack = _buzz(rng, pulse, [rng.uniform(110, 160)], rng.uniform(0.04, 0.07))
    for start in _repeats(rng, 1.5, (0.2, 0.25), int(rng.integers(2, 7))):
        add(track, start, quack, rng.uniform(0.6, 1))
    return track


def pacific_chorus_frog(rng: np.random.Generator) -> np.ndarray:
    """The two-part krek-ek at 2.0-2.7 kHz with half of the frequency below it, over and over."""
    track = silence()
    pitch, rate = rng.uniform(2000, 2700), rng.uniform(75, 110)
    pulse = ringing((pitch, 0.003, 0), (pitch / 2, 0.003, rng.uniform(-22, -12)))
    first, second = _buzz(rng, pulse, [rate], 0.1), _buzz(rng, pulse, [rate], 0.2)
    for start in _repeats(rng, 0.8, (0.5, 1.0)):
        gain = rng.uniform(0.7, 1)
        add(track, start, first, gain)
        add(track, start + 0.15, second, gain)
    return track


def chorus(rng: np.random.Generator) -> np.ndarray:
    """One to eight Pacific chorus frogs calling all through the clip."""
    track = pacific_chorus_frog(rng)
    for _ in range(int(rng.integers(0, 8))):
        track += np.float32(amplitude(rng.uniform(-18, 0))) * pacific_chorus_frog(rng)
    return track


def boreal_chorus_frog(rng: np.random.Generator) -> np.ndarray:
    """A thumb along a comb: 2.2-3.4 kHz clicks, 18-30 a second, rising."""
    track = silence()
    pulse = ringing((rng.uniform(2300, 3300), 0.0025, 0), (rng.uniform(2300, 3300), 0.0015, -5))
    for start in _repeats(rng, 1.0, (1.0, 1.8)):
        add(track, start, _buzz(rng, pulse, [18, rng.uniform(24, 30)], rng.uniform(0.4, 1.0)))
    return track


def gray_treefrog(rng: np.random.Generator) -> np.ndarray:
    """A trill at 1.9-2.6 kHz, 15-50 pulses a second."""
    track, pitch = silence(), rng.uniform(1900, 2600)
    pulse = ringing((pitch, 0.006, 0), (pitch / 2, 0.006, -12))
    for start in _repeats(rng, 1.2, (1.2, 2.4)):
        add(track, start, _buzz(rng, pulse, [rng.uniform(15, 50)], rng.uniform(0.5, 0.75)))
    return track


def toad(rng: np.random.Generator) -> np.ndarray:
    """A trill at 1.6-2.0 kHz, about 32 pulses a second, longer than the clip."""
    track = silence()
    pitch, rate = rng.uniform(1600, 2000), rng.uniform(29, 36)
    pulse = tone(pitch, 0.02) * swell(round(0.02 * SAMPLE_RATE), 0.008, 0.01)
    start = rng.choice([-0.1, rng.uniform(0, 1.5)])
    add(
        track,
        start,
        train(
            pulse, np.arange(0, WINDOW_SECONDS, 1 / rate), np.linspace(0.6, 1, int(3 * rate) + 1)
        ),
    )
    return track


def spring_peeper(rng: np.random.Generator) -> np.ndarray:
    """Rising whistles of 0.1 s at 2.6-3.3 kHz."""
    track, time = silence(), seconds(0.1)
    pitch = rng.uniform(2600, 3200)
    whistle = tone(pitch * (1 + 0.5 * time), 0.1) * swell(len(time), 0.02, 0.03)
    for start in _repeats(rng, 0.8, (0.2, 1.6)):
        add(track, start, whistle, rng.uniform(0.6, 1))
    return track


def spadefoot(rng: np.random.Generator) -> np.ndarray:
    """A snore of half a second at 1.4-1.8 kHz with harmonics of about 168 Hz."""
    track = silence()
    pulse = ringing((rng.uniform(1400, 1800), 0.004, 0), (rng.uniform(500, 700), 0.004, -12))
    for start in _repeats(rng, 1.5, (0.8, 1.6)):
        add(track, start, _buzz(rng, pulse, [168 * rng.uniform(0.95, 1.05)], 0.46))
    return track


def narrowmouth_toad(rng: np.random.Generator) -> np.ndarray:
    """A bleating buzz at 1.4-4 kHz with sidebands 200 Hz apart."""
    track = silence()
    pulse = ringing((rng.uniform(2000, 3400), 0.0016, 0), (rng.uniform(1400, 2000), 0.0016, -4))
    add(
        track,
        rng.uniform(-0.2, 1.8),
        _buzz(rng, pulse, [rng.uniform(180, 220)], rng.uniform(0.4, 1.4)),
    )
    return track


def barking_treefrog(rng: np.random.Generator) -> np.ndarray:
    """Hollow barks of 50-90 ms about once a second: 275-600 Hz with a second band at 1.5-3.4 kHz."""
    track = silence()
    pulse = ringing(
        (rng.uniform(290, 560), 0.006, 0), (rng.uniform(1500, 3400), 0.002, rng.uniform(-12, -4))
    )
    bark = _buzz(rng, pulse, [rng.uniform(90, 140)], rng.uniform(0.05, 0.09))
    for start in _repeats(rng, 0.9, (0.8, 1.2)):
        add(track, start, bark, rng.uniform(0.7, 1))
    return track


def owl(rng: np.random.Generator) -> np.ndarray:
    """Nearly pure hoots at 280-520 Hz."""
    track, pitch = silence(), rng.uniform(280, 520)
    for start in _repeats(rng, 1.0, (0.3, 0.8), int(rng.integers(2, 6))):
        duration = rng.uniform(0.12, 0.5)
        time = seconds(duration)
        arch = pitch * (1 + 0.04 * np.sin(np.pi * time / duration))
        hoot = tone(arch, duration) + np.float32(0.03) * tone(2 * arch, duration)
        add(track, start, hoot * swell(len(time), 0.04, 0.08), rng.uniform(0.7, 1))
    return track


def dove(rng: np.random.Generator) -> np.ndarray:
    """Coos at 420-560 Hz that rise by a quarter and fall back."""
    track, pitch = silence(), rng.uniform(420, 560)
    for start in _repeats(rng, 1.0, (0.55, 0.9), int(rng.integers(1, 5))):
        duration = rng.uniform(0.3, 0.7)
        time = seconds(duration)
        coo = tone(pitch * (1 + 0.25 * np.sin(np.pi * time / duration)), duration)
        add(track, start, coo * swell(len(time), 0.08, 0.12), rng.uniform(0.6, 1))
    return track


def dog(rng: np.random.Generator) -> np.ndarray:
    """Barks: 280-700 Hz up and down within 0.1-0.25 s, rich in harmonics."""
    track, pitch, duration = silence(), rng.uniform(280, 560), rng.uniform(0.1, 0.25)
    pulse = ringing(
        (rng.uniform(500, 900), 0.0012, 0),
        (rng.uniform(1100, 1900), 0.0009, -3),
        (3000, 0.0006, -10),
    )
    bark = train(
        pulse,
        times := beats(pitch * np.array([0.8, 1.2, 1.25, 0.9]), duration),
        np.ones(len(times)),
    )
    bark *= swell(len(bark), 0.02, 0.07)
    for start in _repeats(rng, 1.2, (0.35, 1.1), int(rng.integers(1, 6))):
        add(track, start, bark, rng.uniform(0.6, 1))
    return track


def aircraft(rng: np.random.Generator) -> np.ndarray:
    """An engine: harmonics of 25-110 Hz, beating, with a Doppler glide."""
    track, pitch = silence(), rng.uniform(25, 110)
    pulse = ringing((rng.uniform(150, 400), 0.003, 0), (rng.uniform(500, 900), 0.0015, -8))
    times = beats(pitch * np.array([1, rng.uniform(0.85, 1.15)]), WINDOW_SECONDS)
    beating = 1 + 0.4 * np.sin(2 * np.pi * rng.uniform(1, 3) * times + rng.uniform(0, 6))
    add(track, 0, train(pulse, times, beating * rng.uniform(0.8, 1, len(times))))
    return track


def gurgle(rng: np.random.Generator) -> np.ndarray:
    """Bubbles of a creek: rising chirps of 15-60 ms between 300 and 1800 Hz."""
    track, bubbles = silence(), []
    for _ in range(10):  # a stock of ten, used again at random: no one hears the difference
        duration = rng.uniform(0.015, 0.06)
        time = seconds(duration)
        rising = rng.uniform(300, 1300) * (1 + rng.uniform(0.2, 0.6) * time / duration)
        bubbles.append(tone(rising, duration) * swell(len(time), 0.003, 0.7 * duration))
    mean_gap = 1 / rng.uniform(3, 30)
    for start in _repeats(rng, 0.2, (0.2 * mean_gap, 1.8 * mean_gap)):
        add(track, start, bubbles[rng.integers(10)], amplitude(rng.uniform(-15, 0)))
    return track


def rain(rng: np.random.Generator) -> np.ndarray:
    """Drops on the housing: clicks of 0.5-3 ms between 0.5 and 6 kHz."""
    track, mean_gap = silence(), 1 / rng.uniform(3, 40)
    drops = [ringing((rng.uniform(500, 6000), rng.uniform(0.0002, 0.001), 0)) for _ in range(10)]
    for start in _repeats(rng, 0.2, (0.1 * mean_gap, 1.9 * mean_gap)):
        add(track, start, drops[rng.integers(10)], amplitude(rng.uniform(-20, 0)))
    return track


def handling(rng: np.random.Generator) -> np.ndarray:
    """Thumps of 60-300 Hz: a branch or a hand on the recorder."""
    track = silence()
    for start in _repeats(rng, 0.8, (0.05, 0.9)):
        thump = ringing(
            (rng.uniform(60, 300), rng.uniform(0.004, 0.02), 0), (rng.uniform(300, 700), 0.002, -14)
        )
        add(track, start, thump, amplitude(rng.uniform(-12, 0)))
    return track


def insects(rng: np.random.Generator) -> np.ndarray:
    """A narrow band at 3.5-9 kHz, on and off 8-45 times a second."""
    track, pitch, rate = silence(), rng.uniform(3500, 9000), rng.uniform(8, 45)
    chirp = np.sum([tone(pitch * rng.uniform(0.95, 1.05), 0.6 / rate) for _ in range(3)], axis=0)
    chirp *= swell(len(chirp), 0.1 / rate, 0.1 / rate)
    # Somewhere within a period: insects of two clips are not in step.
    times = np.arange(rng.uniform(0, 1 / rate), WINDOW_SECONDS, 1 / rate)
    add(track, 0, train(chirp, times, rng.uniform(0.8, 1, len(times))))
    return track


CONFUSERS: dict[str, Confuser] = {
    "bullfrog": Confuser(bullfrog, (200, 500)),
    "green frog": Confuser(green_frog, (280, 900)),
    "pickerel frog": Confuser(pickerel_frog, (500, 1300)),
    "leopard frog": Confuser(leopard_frog, (450, 2200)),
    "wood frog": Confuser(wood_frog, (1300, 2200)),
    "Pacific chorus frog": Confuser(pacific_chorus_frog, (1900, 2800)),
    "chorus": Confuser(chorus, (1900, 2800)),
    "boreal chorus frog": Confuser(boreal_chorus_frog, (2200, 3400)),
    "gray treefrog": Confuser(gray_treefrog, (1900, 2600)),
    "toad": Confuser(toad, (1500, 2100)),
    "spring peeper": Confuser(spring_peeper, (2500, 3400)),
    "spadefoot": Confuser(spadefoot, (1300, 1900)),
    "narrowmouth toad": Confuser(narrowmouth_toad, (1400, 4000)),
    "barking treefrog": Confuser(barking_treefrog, (275, 600)),
    "owl": Confuser(owl, (270, 560)),
    "dove": Confuser(dove, (400, 720)),
    "dog": Confuser(dog, (280, 2000)),
    "aircraft": Confuser(aircraft, (60, 900)),
    "gurgle": Confuser(gurgle, (300, 1800)),
    "rain": Confuser(rain, (500, 6000)),
    "handling": Confuser(handling, (60, 300)),
    "insects": Confuser(insects, (3400, 9200)),
}
