"""The conditions: what is asked for is what is measured in the sound."""

from __future__ import annotations

import numpy as np
import pytest

from chorus.errors import DataError
from speech import conditions
from speech.conditions import CLEAN, CLIP, HEARD, RATE, Condition, ConditionOptions
from speech.pretraining import clean_and_noisy

GIVEN = ConditionOptions()
SPEECHLIKE = (np.sin(2 * np.pi * 440 * np.arange(CLIP) / RATE) * np.hanning(CLIP)).astype(
    np.float32
)


def rendered(condition: Condition, clip: np.ndarray = SPEECHLIKE) -> np.ndarray:
    return conditions.render(clip, condition, "a clip", GIVEN).astype(np.float64)


def test_there_are_22_conditions_of_the_original_and_48_crossed_ones():
    names = [each.name for each in conditions.plan(GIVEN)]
    assert len(names) == len(set(names)) == 22
    assert {"dur_20ms", "snr_-10dB", "reverb_2.5s", "filter_highpass"} < set(names)
    crossed = conditions.plan(ConditionOptions(crossed=True))
    assert len({(each.duration_ms, each.snr_db) for each in crossed}) == 48


def test_pretraining_hears_every_ratio_but_those_it_is_not_to_hear():
    ratios = [condition.snr_db for condition in clean_and_noisy(GIVEN, [])]
    assert ratios == [None, *GIVEN.snr] and 0 in ratios
    assert [each.snr_db for each in clean_and_noisy(GIVEN, [0])] == [None, -10, -5, 5, 10, 20]


@pytest.mark.parametrize("snr", [-10, -5, 0, 5, 10, 20])
@pytest.mark.parametrize("duration", [100, 1000])
def test_the_ratio_of_signal_to_noise_is_the_one_asked_for(snr, duration):
    condition = Condition(f"snr_{snr}", "snr", snr, duration_ms=duration, snr_db=snr)
    length = duration * RATE // 1000
    first = (HEARD - length) // 2
    ratios = []
    for clip in range(40):
        noisy = conditions.render(SPEECHLIKE, condition, f"clip {clip}", GIVEN).astype(np.float64)
        around = np.concatenate([noisy[: first - 100], noisy[first + length + 100 :]])
        ratios.append(np.mean(noisy[first : first + length] ** 2) / np.mean(around**2))
    assert 10 * np.log10(np.mean(ratios) - 1) == pytest.approx(snr, abs=0.5)


@pytest.mark.parametrize("t60", [0.3, 1.0, 2.5])
def test_the_room_decays_by_60_db_in_the_time_asked_for(t60):
    found = [
        conditions.decay_time(conditions.impulse_response(t60, np.random.default_rng(seed)))
        for seed in range(5)
    ]
    assert np.mean(found) == pytest.approx(t60, rel=0.05)


def test_a_room_leaves_a_tail_and_the_power_as_it_was():
    click = np.zeros(CLIP, np.float32)
    click[CLIP // 2] = 1
    wet = rendered(Condition("reverb", "reverb", 1.0, t60=1.0), click)
    after = wet[HEARD // 2 + 200 : HEARD // 2 + RATE // 2]
    assert np.std(after) > 20 * GIVEN.floor
    dry = rendered(CLEAN)
    wet = rendered(Condition("reverb", "reverb", 0.3, t60=0.3))
    middle = slice((HEARD - CLIP) // 2, (HEARD + CLIP) // 2)
    assert np.std(wet[middle]) == pytest.approx(np.std(dry[middle]), rel=0.02)


@pytest.mark.parametrize(
    ("kind", "kept"), [("lowpass", 1000), ("highpass", 1000), ("bandpass", 1000)]
)
def test_a_filter_keeps_its_band_and_takes_the_rest(kind, kept):
    time = np.arange(CLIP) / RATE

    def gain(frequency: float) -> float:
        tone = np.sin(2 * np.pi * frequency * time)
        return float(np.std(conditions.filtered(tone, kind)[RATE // 4 :]) / np.std(tone))

    assert gain(kept) == pytest.approx(1, abs=0.05)
    if kind != "highpass":
        assert gain(6800) < 0.1
    if kind != "lowpass":
        assert gain(150) < 0.1


def test_a_short_clip_is_the_middle_of_the_long_one_in_the_middle_of_what_is_heard():
    short = rendered(Condition("dur_40ms", "duration", 40, duration_ms=40))
    length = 40 * RATE // 1000
    first = (HEARD - length) // 2
    assert np.abs(short[: first - 1]).max() < 10 * GIVEN.floor
    middle = SPEECHLIKE[(CLIP - length) // 2 : (CLIP + length) // 2]
    assert short[first : first + length] == pytest.approx(middle, abs=10 * GIVEN.floor)


def test_a_variant_depends_on_its_clip_its_condition_and_the_seed_alone():
    every = [rendered(each) for each in conditions.plan(GIVEN)]
    again = [rendered(each) for each in reversed(conditions.plan(GIVEN))][::-1]
    assert all((one == other).all() for one, other in zip(every, again, strict=True))
    other = conditions.render(SPEECHLIKE, CLEAN, "another clip", GIVEN)
    assert not (other == rendered(CLEAN)).all()
    assert all(np.abs(each).max() <= 1 for each in every)


@pytest.mark.parametrize("clip", [np.zeros(CLIP), np.ones(CLIP - 1)])
def test_silence_and_other_lengths_are_refused(clip):
    with pytest.raises(DataError, match="a clip"):
        rendered(CLEAN, clip.astype(np.float32))
