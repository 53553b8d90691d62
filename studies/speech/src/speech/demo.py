"""The demo's base clips, all computed: voices of espeak-ng, and sounds that are none.

A source is a voice (a timbre), or a recording of something else. The base model's own pretraining hears other voices,
and of the sounds only weather, noises and machines: animals that sing with harmonics are new to it, as to many a model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import soxr
from numpy.typing import NDArray
from pydantic import Field

from chorus import clips
from chorus.demo.confusers import CONFUSERS
from chorus.options import options
from chorus.seeds import generator
from chorus.voices import espeak
from speech.conditions import CLIP, RATE, Sound

SPEECH, NONSPEECH = "SPEECH", "NONSPEECH"
ACCENTS = ("en-us", "en", "en-gb-scotland", "en-029")
TEXTS = (
    "The boat will leave the harbour before noon.",
    "Nobody remembered where the keys had been.",
    "She asked whether the window could stay open.",
    "Seven small lamps were burning on the table.",
    "We are going to need a longer ladder today.",
    "Please bring the blue folder when you come.",
)
# Timbres that no human has.
_UNLIKE_VOICES = ("Robot", "robosoft", "klatt", "croak", "fast", "Tweaky")
_OF_PRETRAINING = ("aircraft", "gurgle", "rain", "handling", "insects")
NOISES = ("white", "pink", "brown", "hum")


@options
class DemoOptions:
    """voices, recordings: sources of each class in the study. clips: of each source, at most 3.
    pretraining: sources of each class that only the base model hears."""

    voices: Annotated[int, Field(ge=8, le=54)] = 54
    recordings: Annotated[int, Field(ge=8)] = 54
    clips: Annotated[int, Field(ge=1, le=3)] = 2
    pretraining: Annotated[int, Field(ge=4, le=16)] = 16
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True, eq=False)
class BaseClip:
    """One second of one source. sound: float32 (16000,), its peak at 1."""

    clip_id: str
    label: str
    source: str
    kind: str
    part: str
    sound: Sound


def base_clips(given: DemoOptions) -> Iterator[BaseClip]:
    """All clips of the demo, source by source."""
    voices = [name for name in espeak.variants() if not name.startswith(_UNLIKE_VOICES)]
    # Which voices the study has, and which the base alone hears, is drawn once.
    order = generator(given.seed, "voices").permutation(len(voices))
    for number, place in enumerate(order[: given.voices + given.pretraining]):
        part = "study" if number < given.voices else "pretraining"
        yield from _spoken(voices[place], ACCENTS[number % len(ACCENTS)], part, given)
    kinds = {"study": [name for name in CONFUSERS if name not in _OF_PRETRAINING]}
    # Last: with few recordings the study has only kinds that the base never heard.
    kinds["study"] += list(_OF_PRETRAINING)
    kinds["pretraining"] = [*_OF_PRETRAINING, *NOISES]
    # Kinds in turn, so that every kind has about as many recordings.
    for part, wanted in (("study", given.recordings), ("pretraining", given.pretraining)):
        for number in range(wanted):
            kind = kinds[part][number % len(kinds[part])]
            yield from _recorded(kind, number, part, given)


def cut_loudest(sound: NDArray[np.floating], number: int, of: int) -> Sound:
    """One of the loudest seconds of a longer sound, its peak at 1; they are apart where the sound is long enough."""
    parts = np.array_split(np.asarray(sound, np.float64), of)
    mine = parts[number] if len(parts[number]) >= CLIP else np.asarray(sound, np.float64)
    mine = np.pad(mine, (0, max(0, CLIP - len(mine))))
    # The energy of every second at once, as differences of a running sum.
    energy = np.concatenate([[0.0], np.cumsum(mine**2)])
    start = int(np.argmax(energy[CLIP:] - energy[:-CLIP]))
    cut = mine[start : start + CLIP]
    return np.asarray(cut / max(np.abs(cut).max(), 1e-9), np.float32)


def _spoken(voice: str, accent: str, part: str, given: DemoOptions) -> Iterator[BaseClip]:
    chosen = generator(given.seed, "texts", voice).permutation(len(TEXTS))[: given.clips]
    said = espeak.speak(accent, voice, [TEXTS[place] for place in chosen])
    for number, samples in enumerate(said):
        heard = soxr.resample(samples.astype(np.float64) / 32_768, espeak.RATE, RATE, quality="HQ")
        source = f"voice_{voice}".replace(" ", "_")
        clip = cut_loudest(heard, 0, 1)
        yield BaseClip(f"{source}_{number}", SPEECH, source, accent, part, clip)


def _recorded(kind: str, number: int, part: str, given: DemoOptions) -> Iterator[BaseClip]:
    source = f"{part}_{kind}_{number}".replace(" ", "_")
    rng = generator(given.seed, "recording", source)
    if kind in NOISES:
        sound = _noise(kind, rng)
    else:
        track = CONFUSERS[kind].draw(rng)
        # A recording has its own background, 20 to 40 dB down.
        track = track + np.std(track) * 10 ** (-rng.uniform(1, 2)) * rng.standard_normal(len(track))
        sound = soxr.resample(track.astype(np.float64), clips.SAMPLE_RATE, RATE, quality="HQ")
    for cut in range(given.clips):
        clip = cut_loudest(sound, cut, given.clips)
        yield BaseClip(f"{source}_{cut}", NONSPEECH, source, kind, part, clip)


def _noise(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    if kind == "hum":
        time = np.arange(3 * RATE) / RATE
        pitch = rng.uniform(45, 65)
        tones = [np.sin(2 * np.pi * pitch * n * time) / n for n in range(1, 6)]
        return np.asarray(np.sum(tones, axis=0) + 0.05 * rng.standard_normal(len(time)))
    slope = {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind]
    spectrum = np.fft.rfft(rng.standard_normal(3 * RATE))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** slope
    return np.asarray(np.fft.irfft(spectrum))
