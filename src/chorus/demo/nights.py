"""What one recorder's night is like: wind, water and chorus, who calls, and which males are there.

Clips of a night share all of it, so that nights are real clusters: two clips of one night tell less than two nights.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chorus.demo.calls import Voice, draw_voice
from chorus.demo.places import RECORDERS, SITES, SPECTRA, Range
from chorus.seeds import generator

RESIDENTS, CALLING = 6, 3  # males that live near a recorder; those that call in one night
SPECIES = 6  # confusers heard in one night


@dataclass(frozen=True)
class Event:
    """A sound and its level: loudest 20-ms frame over the background in the sound's band, in dB."""

    sound: str
    snr_db: float


@dataclass(frozen=True)
class Night:
    """The conditions of one recorder's night.

    spectrum: background level in dB at frequencies in Hz.
    wind, traffic: dB re the background at 180 Hz.
    hum: frequency of the mains-like hum in Hz.
    ambient: sounds that go on all night.
    confusers: names and their shares (sum 1) of those heard in this night.
    voices: the males that call.
    """

    spectrum: tuple[tuple[float, float], ...]
    wind: float
    traffic: float
    hum: float
    ambient: tuple[Event, ...]
    confusers: tuple[tuple[str, float], ...]
    voices: tuple[Voice, ...]


# Asked for by each clip of a night, and by those of all nights in turn where clips are planned.
@lru_cache(maxsize=4096)
def conditions(seed: int, recorder: str, night: str) -> Night:
    """The conditions of a night, from its name alone."""
    rng = generator(seed, "demo", "night", recorder, night)
    place = RECORDERS[recorder]
    site = SITES[place.site]
    water = _level(rng, site.water)
    spectrum = []
    for frequency, level in SPECTRA[place.spectrum].items():
        jitter = rng.uniform(-3, 3) + (rng.uniform(-8, 6) if frequency < 200 else 0)
        # Noises add by their powers, not by their decibels.
        wet = 10 ** (water / 10) if 200 <= frequency <= 3000 else 0.0
        spectrum.append((frequency, level + jitter + 10 * float(np.log10(1 + wet))))
    ambient = tuple(
        Event(sound, rng.uniform(*levels))
        for sound, (share, levels) in site.ambient.items()
        if rng.random() < share
    )
    residents = _residents(seed, recorder)
    return Night(
        spectrum=tuple(spectrum),
        wind=_level(rng, site.wind),
        traffic=_level(rng, site.traffic),
        hum=rng.uniform(58.5, 60.5),
        ambient=ambient,
        confusers=_heard(rng, site.confusers),
        voices=tuple(residents[index] for index in rng.permutation(RESIDENTS)[:CALLING]),
    )


@lru_cache(maxsize=256)
def _residents(seed: int, recorder: str) -> tuple[Voice, ...]:
    rng = generator(seed, "demo", "residents", recorder)
    return tuple(draw_voice(rng) for _ in range(RESIDENTS))


def _heard(rng: np.random.Generator, mix: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """The species of one night: some of the site's, the common ones more often, in shares that vary."""
    names, weights = list(mix), np.array(list(mix.values()))
    chosen = rng.choice(
        len(names), min(SPECIES, len(names)), replace=False, p=weights / weights.sum()
    )
    shares = weights[chosen] * rng.lognormal(0, 0.5, len(chosen))
    return tuple(
        (names[index], float(share))
        for index, share in zip(chosen, shares / shares.sum(), strict=True)
    )


def _level(rng: np.random.Generator, levels: Range) -> float:
    return float(rng.uniform(*levels))
