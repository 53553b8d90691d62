"""The demo corpus: three datasets that differ, eight accents, deterministic."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from accents import channels, demo
from chorus.files import read_csv
from chorus.seeds import generator
from chorus.voices import espeak
from chorus.voices.utterances import ABOUT, SAMPLE_RATE

SMALL = demo.DemoOptions(voices=3, sentences=3)


def tone(hz, seconds=1.0):
    return 0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


def through(channel, samples, number=0):
    return channels.CHANNELS[channel](samples, generator(1, "noise", number), generator(1, "room"))


def level(samples):
    return 20 * np.log10(np.sqrt(np.mean(samples**2)))


def test_every_voice_exists_is_steady_and_stands_once():
    voices = read_csv(demo._HERE / "voices.csv")
    assert set(voices["variant"]) <= set(espeak.variants())
    assert voices["variant"].is_unique
    assert voices["dataset"].value_counts().to_dict() == {
        "studio": 24,
        "phone": 23,
        "conversation": 24,
    }
    assert set(voices["gender"]) == {"female", "male"}


def test_the_plan_has_eight_accents_of_each_voice_and_sentences_of_each_datasets_own():
    utterances = demo.plan(demo.DemoOptions()).utterances
    assert len({one.about["speaker_id"] for one in utterances}) == 71 * 8
    assert len({one.about["voice"] for one in utterances}) == 45
    assert {one.about["region_label"] for one in utterances} == set(demo.ACCENTS.values())
    assert len(utterances) == (24 * 6 + 23 * 6 + 24 * 2) * 8
    sentences = {(one.about["transcript"], one.about["dataset_name"]) for one in utterances}
    assert len(sentences) == len({sentence for sentence, _ in sentences}) == 36 + 36 + 12
    assert all(set(one.about) == set(ABOUT) for one in utterances)


def test_every_voice_is_one_that_a_human_could_have_and_a_tract_is_in_one_dataset():
    voices = read_csv(demo._HERE / "voices.csv")
    assert (voices.groupby("tract")["dataset"].nunique() == 1).all()
    formants = {name: formants_of(name) for name in voices["variant"]}
    for moved, strengths in formants.values():
        assert min(moved) >= 80
        assert max(moved) <= min(135, 1.3 * min(moved))
        assert min(strengths) >= 35
    assert formants_of("Lee")[0][2] == 9  # left out: hardly a third formant


def formants_of(variant):
    """Where the first three formants lie and how strong they are, in percent of espeak-ng's own."""
    moved, strengths = [100] * 3, [100] * 3
    for line in (espeak._data() / "voices" / "!v" / variant).read_text().splitlines():
        words = line.split()
        if words[:1] == ["formant"] and words[1] in ("1", "2", "3"):
            numbers = [int(word) for word in words[2:] if word.lstrip("-").isdigit()]
            moved[int(words[1]) - 1] = numbers[0]
            strengths[int(words[1]) - 1] = (*numbers, 100)[1]
    return moved, strengths


def test_speakers_say_different_texts_and_none_twice():
    by_speaker: dict[str, list[str]] = {}
    for one in demo.plan(demo.DemoOptions()).utterances:
        by_speaker.setdefault(one.about["speaker_id"], []).append(one.about["transcript"])
    assert all(len(set(said)) == len(said) for said in by_speaker.values())
    studio = {tuple(said) for name, said in by_speaker.items() if name.startswith("studio")}
    assert len(studio) == 24 * 8


def test_more_sentences_than_texts_are_refused():
    with pytest.raises(ValueError, match="sentences must not be more than the texts"):
        demo.DemoOptions(sentences=12, texts=11)


def test_no_voice_of_one_dataset_speaks_in_another():
    for dataset in ("studio", "phone", "conversation"):
        mine = {
            one.variant
            for one in demo.plan(SMALL).utterances
            if one.about["dataset_name"] == dataset
        }
        others = {
            one.variant
            for one in demo.plan(SMALL).utterances
            if one.about["dataset_name"] != dataset
        }
        assert not mine & others


def test_an_utterance_sounds_the_same_whenever_asked():
    chosen = [one for one in demo.plan(SMALL).utterances if one.number == 2][::31]
    first = [hashlib.sha256(one.hear().pcm.tobytes()).hexdigest() for one in chosen]
    demo._say.cache_clear()
    again = [hashlib.sha256(one.hear().pcm.tobytes()).hexdigest() for one in chosen[::-1]]
    assert first == again[::-1]
    assert len(set(first)) == len(chosen)


def test_datasets_differ_in_length():
    heard = {}
    for one in demo.plan(SMALL).utterances:
        if one.number == 0 and one.accent == "en-us" and one.about["dataset_name"] not in heard:
            heard[one.about["dataset_name"]] = one.hear().seconds
    assert heard["phone"] < heard["studio"] < 5 < 10 < heard["conversation"]


@pytest.mark.parametrize(("hz", "heard"), [(100, False), (1_000, True), (6_000, False)])
def test_a_telephone_passes_the_middle_only(hz, heard):
    speech = tone(1_000) + tone(hz)
    spectrum = np.abs(np.fft.rfft(through("phone", speech)))
    assert (spectrum[hz] > 0.3 * spectrum[1_000]) == heard


def test_a_room_goes_on_after_the_sound_and_a_studio_does_not():
    speech = np.concatenate([tone(500), np.zeros(SAMPLE_RATE // 10)])
    after = {
        name: level(through(name, speech)[-1_500:]) - level(through(name, speech)[:SAMPLE_RATE])
        for name in channels.CHANNELS
    }
    assert after["studio"] < -38
    assert after["studio"] < after["conversation"] - 10


def test_noise_differs_from_utterance_to_utterance_and_the_peak_does_not():
    one, other = (through("conversation", tone(500), number) for number in (1, 2))
    assert not np.allclose(one, other)
    assert np.abs(one).max() == pytest.approx(0.5)
