"""Synthetic voices: the same samples whatever was said before, and nothing that espeak would silently replace."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from chorus.errors import ParameterError
from chorus.voices import espeak

TEXTS = ["The quick brown fox walked past the barn.", "And so it goes."]


def digest(said):
    return hashlib.sha256(np.concatenate(said).tobytes()).hexdigest()[:16]


def test_a_voice_says_the_same_whatever_another_said_before():
    first = [
        digest(espeak.speak("en-us", variant, TEXTS)) for variant in ("f1", "m1", "iven", "Andy")
    ]
    espeak.speak("en-029", "belinda", ["Something else."])
    again = [
        digest(espeak.speak("en-us", variant, TEXTS)) for variant in ("Andy", "iven", "m1", "f1")
    ]
    assert first == again[::-1]
    assert len(set(first)) == 4


def test_the_bytes_are_those_that_the_committed_corpus_was_made_of():
    assert digest(espeak.speak("en-gb-scotland", "m1", TEXTS)) == "a01ad4dd40bb4660"


def test_speech_is_as_long_as_speech_is():
    long, short = espeak.speak("en", "f1", TEXTS)
    assert 1.5 < len(long) / espeak.RATE < 4
    assert 0.5 < len(short) / espeak.RATE < 2
    assert np.abs(long).max() > 3_000


@pytest.mark.parametrize(
    ("accent", "variant", "words"),
    [
        ("en-us", "nobody", "'nobody' of espeak-ng does not exist, and espeak-ng would not say so"),
        ("en-us", "whisper", "'whisper' of espeak-ng is never the same twice"),
        ("en-gb", "m1", "no accent 'en-gb'"),  # en, for espeak-ng; the voice before would speak
        ("en-us+f1", "m1", "'en-us+f1' is not allowed"),
    ],
)
def test_voices_that_are_not_are_refused(accent, variant, words):
    with pytest.raises(ParameterError) as error:
        espeak.speak(accent, variant, TEXTS)
    assert words in str(error.value)
