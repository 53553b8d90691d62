"""The demo corpus: synthetic voices of espeak-ng. Nobody is heard; its accents are rules, and keep their true names.

Three datasets differ as real ones do: `studio` (clean sentences), `phone` (short, narrow, noisy), `conversation` (long,
in a room). Each has voices of its own, and texts of its own of which each speaker says some. A voice is a
vocal tract, which one or several timbres of espeak-ng share; each of them is another speaker with each of the eight
accents, but splits keep voices together, so that a test is by vocal tracts that were never heard. Timbres that no
human has (a formant missing, or moved far from its neighbours) are left out: in them vowels are no longer themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import soxr
from numpy.typing import NDArray
from pydantic import Field

from accents import channels
from chorus.audio import to_pcm
from chorus.files import read_csv
from chorus.options import options
from chorus.seeds import generator, stable_fraction
from chorus.survey.cuts import Span
from chorus.voices import espeak
from chorus.voices.utterances import SAMPLE_RATE, Found, about

ACCENTS = {  # what espeak-ng calls them -> their names
    "en": "England",
    "en-gb-scotland": "Scotland",
    "en-gb-x-rp": "Received Pronunciation",
    "en-gb-x-gbclan": "Lancaster",
    "en-gb-x-gbcwmd": "West Midlands",
    "en-029": "Caribbean",
    "en-us": "United States",
    "en-us-nyc": "New York City",
}
_HERE = Path(__file__).parent


@options
class DemoOptions:
    """The size of the demo corpus.

    voices: of each dataset. sentences: that each speaker says, of those of the dataset; a third as many passages of
        conversation.
    texts: of each dataset that there are to draw from; a third as many passages.
    """

    voices: Annotated[int, Field(ge=3, le=24)] = 24
    sentences: Annotated[int, Field(ge=3, le=36)] = 6
    texts: Annotated[int, Field(ge=3, le=36)] = 36
    seed: Annotated[int, Field(ge=0)] = 1

    def __post_init__(self) -> None:
        if self.sentences > self.texts:
            raise ValueError("sentences must not be more than the texts that there are (texts)")


@dataclass(frozen=True)
class Spoken:
    """What a synthetic speaker says; a `chorus.voices.utterances.Utterance`."""

    about: dict[str, str]
    accent: str
    variant: str
    texts: tuple[str, ...]  # of this speaker, all
    number: int  # of this utterance among them
    seed: int

    def hear(self) -> SpokenSound:
        """Its sound after the channel of its dataset."""
        # All that the speaker says, for one piece of it: espeak's samples depend on those before.
        said = _say(self.accent, self.variant, self.texts)[self.number]
        speaker = self.about["speaker_id"]
        rng = generator(self.seed, "demo", speaker, self.number)
        # Not by the number of the utterance: a speaker stays in one room.
        room = generator(self.seed, "demo", "room", speaker)
        clean = soxr.resample(
            said.astype(np.float64) / 32_768, espeak.RATE, SAMPLE_RATE, quality="HQ"
        )
        return SpokenSound(to_pcm(channels.CHANNELS[self.about["dataset_name"]](clean, rng, room)))


@dataclass(frozen=True)
class SpokenSound:
    """A `chorus.voices.utterances.Sound`. pcm: int16 (n,) at 16 kHz."""

    pcm: NDArray[np.int16]
    rate: int = espeak.RATE

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.pcm) / SAMPLE_RATE

    def cut(self, span: Span) -> NDArray[np.int16]:
        """See `Sound.cut`."""
        return self.pcm[round(span.onset * SAMPLE_RATE) : round(span.end * SAMPLE_RATE)]


def plan(options: DemoOptions) -> Found:
    """All utterances of the demo corpus; nothing is spoken yet."""
    voices, material = read_csv(_HERE / "voices.csv"), read_csv(_HERE / "material.csv")
    found = Found()
    for dataset, of_dataset in voices.groupby("dataset", sort=False):
        share = 3 if dataset == "conversation" else 1
        number, known = -(-options.sentences // share), -(-options.texts // share)
        texts = list(material.loc[material["dataset"] == dataset, "text"][:known])
        for voice in of_dataset[: options.voices].itertuples(index=False):
            for accent in ACCENTS:
                chosen = _chosen(texts, number, f"{voice.variant}-{accent}")
                found.utterances += _speaker(voice, accent, chosen, options.seed)
    return found


def _chosen(texts: list[str], number: int, speaker: str) -> tuple[str, ...]:
    """What a speaker says: with few texts that all say, a model learns the texts, not how they are said."""
    ranked = sorted(texts, key=lambda text: stable_fraction("demo", speaker, text))
    return tuple(ranked[:number])


def _speaker(voice: Any, accent: str, texts: tuple[str, ...], seed: int) -> list[Spoken]:
    """What a voice (a row of voices.csv) says with an accent."""
    spoken = []
    for number, text in enumerate(texts):
        known = about(
            voice.dataset,
            f"{voice.variant}-{accent}",
            f"{voice.variant}-{accent}/{number + 1:02d}",
            voice=f"{voice.dataset}/{voice.tract}",
            transcript=text,
            region_label=ACCENTS[accent],
            original_accent_label=accent,
            gender=voice.gender,
            native_language="english",
            is_validated="yes",
        )
        spoken.append(Spoken(known, accent, voice.variant, texts, number, seed))
    return spoken


@lru_cache(maxsize=2)  # a speaker's utterances come one after the other
def _say(accent: str, variant: str, texts: tuple[str, ...]) -> list[NDArray[np.int16]]:
    return espeak.speak(accent, variant, texts)
